//! The HTTP client under every call: hyper with rustls on ring.

use std::time::Duration;

use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};

pub(crate) const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

pub(crate) fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(TLS).build_https()
}

/// A new connection for every call. A kept one may have been closed by the other side while the function was
/// frozen, and a message written to it would be in doubt.
pub(crate) fn unpooled_http_client() -> SharedHttpClient {
    Builder::new().pool_max_idle_per_host(0).tls_provider(TLS).build_https()
}

/// For requests that are not calls of AWS services.
pub(crate) fn connector(connection_within: Duration) -> Connector {
    let settings = HttpConnectorSettings::builder().connect_timeout(connection_within).build();
    Connector::builder().connector_settings(settings).tls_provider(TLS).build()
}
