//! Webhooks to partners, over TLS to public addresses alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use tocsin_ports::{Hook, Partners, Posted};

use crate::Aws;
use crate::http::TLS;

const CONNECTION: Duration = Duration::from_secs(5);

/// What posts webhooks. It keeps no connection, follows no redirection, and goes through no proxy.
pub(crate) struct Hooks {
    connector: Connector,
    answer_within: Duration,
}

impl Partners for Aws {
    async fn post(&self, hook: Hook) -> Posted {
        self.hooks.post(hook).await
    }
}

impl Hooks {
    pub fn new(answer_within: Duration) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECTION).build();
        let builder = Connector::builder().connector_settings(settings).tls_provider(TLS);
        Self { connector: builder.build_with_resolver(PublicAddresses), answer_within }
    }

    async fn post(&self, hook: Hook) -> Posted {
        let Some(request) = request(&hook) else {
            return Posted::Silence("the request could not be built".to_owned());
        };
        // The body of an answer says nothing that is needed, and may be endless: it is not read.
        match tokio::time::timeout(self.answer_within, self.connector.call(request)).await {
            Ok(Ok(response)) => Posted::Status(response.status().as_u16()),
            Ok(Err(error)) if error.is_timeout() => Posted::Silence("no connection in time".to_owned()),
            Ok(Err(_)) => Posted::Silence("no connection, or one that broke off".to_owned()),
            Err(_) => Posted::Silence("no answer in time".to_owned()),
        }
    }
}

fn request(hook: &Hook) -> Option<HttpRequest> {
    let mut request = HttpRequest::new(SdkBody::from(hook.body.as_str()));
    request.set_method("POST").ok()?;
    request.set_uri(hook.to.as_str()).ok()?;
    for (name, value) in [
        ("content-type", "application/json".to_owned()),
        ("content-length", hook.body.len().to_string()),
        ("user-agent", "tocsin".to_owned()),
        ("webhook-id", hook.id.clone()),
        ("webhook-timestamp", hook.second.to_string()),
        ("webhook-signature", hook.signature.clone()),
    ] {
        request.headers_mut().try_insert(name, value).ok()?;
    }
    Some(request)
}

/// The system's own resolver, whose answers are refused as a whole where one of them is not public: a name that leads
/// into our own network is a mistake, or somebody's try to make us knock there. What is looked at is what is connected to.
#[derive(Debug, Clone, Copy)]
struct PublicAddresses;

impl ResolveDns for PublicAddresses {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let name = name.to_owned();
        DnsFuture::new(async move {
            let resolved = tokio::task::spawn_blocking(move || (name.as_str(), 443).to_socket_addrs()).await;
            let addresses = resolved.map_err(ResolveDnsError::new)?.map_err(ResolveDnsError::new)?;
            let addresses: Vec<IpAddr> = addresses.map(|address| address.ip()).collect();
            if addresses.iter().all(|address| is_public(*address)) {
                Ok(addresses)
            } else {
                Err(ResolveDnsError::new("the name leads to an address that is not public"))
            }
        })
    }
}

/// By IANA's registries of special-purpose addresses: what is not globally reachable is not public.
/// <https://www.iana.org/assignments/iana-ipv4-special-registry/>
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = matches!(
        address.octets(),
        [0, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18..=19, ..] | [240..=255, ..]
    );
    let known = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast();
    !special && !known
}

/// Only what is handed out to the public (2000::/3), without what stands for an IPv4 address or a place on this network.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // 2002::/16 (6to4) holds an IPv4 address; 2001::/23 and 2001:db8::/32 are special.
        [0x2002, ..] | [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loopback::Loopback;

    #[test]
    fn only_public_addresses_are_asked() {
        for public in ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "192.0.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fd00::1",
            "fe80::1",
            "fd00:ec2::254",
            "2002:a00:1::1",
            "2001:db8::1",
            "ff02::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_not_asked() {
        let server = Loopback::start(Vec::new());
        let port = server.endpoint.rsplit(':').next().unwrap().to_owned();
        // A name that an endpoint may not have, and that leads here: what stops it here is the address alone.
        let to = format!("https://localhost:{port}/");
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_uri(to.as_str()).unwrap();
        let hooks = Hooks::new(Duration::from_secs(5));
        assert!(hooks.connector.call(request).await.is_err());
        assert!(server.requests().is_empty());
        assert!(PublicAddresses.resolve_dns("localhost").await.is_err());
    }

    #[test]
    fn a_request_carries_the_signature_and_the_body_as_it_was_signed() {
        let hook = Hook {
            to: "https://acquirer.example/hooks".parse().unwrap(),
            id: "c-1-1-0-0".to_owned(),
            second: 1_700_000_000,
            signature: "v1,abc".to_owned(),
            body: "{}".to_owned(),
        };
        let request = request(&hook).unwrap();
        let header = |name| request.headers().get(name).unwrap();
        assert_eq!((request.method(), request.uri()), ("POST", "https://acquirer.example/hooks"));
        let sent = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
        assert_eq!(sent, ["c-1-1-0-0", "1700000000", "v1,abc"]);
        assert_eq!(request.body().bytes(), Some("{}".as_bytes()));
    }
}
