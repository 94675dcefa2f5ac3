//! The HTTP client under every call: hyper with rustls on ring.

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

pub(crate) const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

pub(crate) fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(TLS).build_https()
}

/// A new connection for every call. A kept one may have been closed by the other side while the function was
/// frozen, and a message written to it would be in doubt.
pub(crate) fn unpooled_http_client() -> SharedHttpClient {
    Builder::new().pool_max_idle_per_host(0).tls_provider(TLS).build_https()
}
