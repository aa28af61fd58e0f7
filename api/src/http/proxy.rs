//! Where a request comes from, when proxies stand before this server: they are believed if they are listed.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::header::{FORWARDED, HOST, HeaderName};
use axum::http::{HeaderMap, HeaderValue};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The other end of a connection; the listener puts it into the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether what is said on the connection is for nobody else's eyes.
    pub transport: Transport,
}

/// What a connection is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP alone.
    Plain,
    /// TLS over TCP.
    Tls,
}

/// A network: an address and how many of its bits count (`10.0.0.0/8`, `fd00::/8`, `192.0.2.1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

/// Says what is wrong with a network's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network; write an address and how many of its bits count, like 10.0.0.0/8")]
pub struct NotANetwork(String);

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), |bits| bits.trim().parse().map_err(|_| wrong()))?;
        if bits > all {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

impl Network {
    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same_bits(own.to_bits().into(), other.to_bits().into(), 32 - self.bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                same_bits(own.to_bits(), other.to_bits(), 128 - self.bits)
            }
            _ => false,
        }
    }
}

fn same_bits(one: u128, other: u128, but_the_last: u32) -> bool {
    (one ^ other).checked_shr(but_the_last).unwrap_or(0) == 0
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) address: Option<IpAddr>,
    pub(super) transport: Transport,
}

/// Tells where a request comes from. What proxies say is taken if it is a listed one that says it: then `Host` is
/// the one that the client asked. Afterwards nothing of it is in the headers any more.
pub(super) fn resolve(trusted: &[Network], peer: Option<Peer>, headers: &mut HeaderMap) -> Client {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = Client {
        address: peer.map(|peer| peer.address.ip().to_canonical()),
        transport: peer.map_or(Transport::Plain, |peer| peer.transport),
    };
    if client.address.is_some_and(is_trusted) {
        let hops = hops(headers);
        // From the nearest on: the first that is no listed proxy is the client.
        for hop in hops.iter().rev() {
            let Some(address) = hop else { break };
            client.address = Some(*address);
            if !is_trusted(*address) {
                break;
            }
        }
        if let Some(host) = said(headers, &FORWARDED_HOST, "host") {
            headers.insert(HOST, host);
        }
        if said(headers, &FORWARDED_PROTO, "proto").is_some_and(|proto| proto == "https") {
            client.transport = Transport::Tls;
        }
    }
    for name in [FORWARDED, FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO] {
        headers.remove(name);
    }
    client
}

/// The addresses that the request passed, the client's first; `None` for one that is no address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let forwarded = elements(headers, &FORWARDED);
    if !forwarded.is_empty() {
        let hops = forwarded.iter().map(|element| parameter(element, "for"));
        return hops.map(|hop| hop.and_then(|hop| address(&hop))).collect();
    }
    let hops = elements(headers, &FORWARDED_FOR);
    hops.iter().map(|hop| address(hop)).collect()
}

/// What the nearest proxy says of the request, by its own header or by `Forwarded` (RFC 7239).
fn said(headers: &HeaderMap, name: &HeaderName, of_forwarded: &str) -> Option<HeaderValue> {
    let nearest = elements(headers, &FORWARDED).pop();
    let text = nearest
        .and_then(|element| parameter(&element, of_forwarded))
        .or_else(|| elements(headers, name).pop())?;
    HeaderValue::from_str(&text).ok()
}

fn elements(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let elements = values.flat_map(|value| value.split(',')).map(str::trim);
    elements
        .filter(|element| !element.is_empty())
        .map(str::to_owned)
        .collect()
}

fn parameter(element: &str, wanted: &str) -> Option<String> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case(wanted)
            .then(|| value.trim_matches('"').to_owned())
    })
}

/// An address with or without a port: `192.0.2.7`, `192.0.2.7:80`, `[2001:db8::1]:80`, `2001:db8::1`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_matches('"');
    let address = bare
        .parse::<IpAddr>()
        .ok()
        .or_else(|| Some(bare.parse::<SocketAddr>().ok()?.ip()))
        .or_else(|| bare.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::{Client, Network, Peer, Transport, resolve};

    fn client(peer: &str, given: &[(&'static str, &str)]) -> (Client, HeaderMap) {
        let trusted: Vec<Network> = ["10.0.0.0/8", "fd00::/8"]
            .map(|text| text.parse().unwrap())
            .into();
        let mut headers: HeaderMap = given
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<axum::http::HeaderName>().unwrap(),
                    value.parse().unwrap(),
                )
            })
            .collect();
        let peer = Peer {
            address: peer.parse().unwrap(),
            transport: Transport::Plain,
        };
        (resolve(&trusted, Some(peer), &mut headers), headers)
    }

    #[test]
    fn a_listed_proxy_is_believed_as_far_as_the_next_that_is_none() {
        for (peer, header, value, wanted) in [
            ("192.0.2.1:5", "x-forwarded-for", "203.0.113.9", "192.0.2.1"),
            ("10.1.1.1:5", "x-forwarded-for", "203.0.113.9", "203.0.113.9"),
            (
                "10.1.1.1:5",
                "x-forwarded-for",
                "198.51.100.1, 203.0.113.9, 10.2.2.2",
                "203.0.113.9",
            ),
            ("10.1.1.1:5", "x-forwarded-for", "10.3.3.3, 10.2.2.2", "10.3.3.3"),
            (
                "10.1.1.1:5",
                "x-forwarded-for",
                "203.0.113.9, unknown",
                "10.1.1.1",
            ),
            (
                "[::ffff:10.1.1.1]:5",
                "x-forwarded-for",
                "203.0.113.9:4711",
                "203.0.113.9",
            ),
            (
                "[fd00::1]:5",
                "forwarded",
                "for=192.0.2.60;proto=http, for=\"[2001:db8::7]:80\"",
                "2001:db8::7",
            ),
            ("10.1.1.1:5", "host", "a.example", "10.1.1.1"),
        ] {
            let (client, _) = client(peer, &[(header, value)]);
            assert_eq!(client.address, Some(wanted.parse().unwrap()), "{peer} {value}");
        }
    }

    #[test]
    fn host_and_scheme_are_the_nearest_proxys_word_and_nobody_elses() {
        let given = [
            ("host", "inside"),
            ("x-forwarded-host", "acme.example"),
            ("x-forwarded-proto", "https"),
        ];
        let (client_of_proxy, headers) = client("10.1.1.1:5", &given);
        assert_eq!(
            (client_of_proxy.transport, &headers["host"]),
            (Transport::Tls, &"acme.example".parse().unwrap())
        );
        let (stranger, headers) = client("192.0.2.1:5", &given);
        assert_eq!(
            (stranger.transport, &headers["host"]),
            (Transport::Plain, &"inside".parse().unwrap())
        );
        assert_eq!(headers.len(), 1, "what was not believed is gone");
        let (_, headers) = client(
            "10.1.1.1:5",
            &[("forwarded", "for=1.2.3.4;host=acme.example;proto=https")],
        );
        assert_eq!(headers["host"], "acme.example");
    }

    #[test]
    fn a_network_is_an_address_and_its_bits() {
        for wrong in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "fd00::/129",
            "10.0.0.0/x",
            "example.org",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(
            all.contains("203.0.113.9".parse().unwrap()) && !all.contains("2001:db8::1".parse().unwrap())
        );
        let one: Network = "2001:db8::1".parse().unwrap();
        assert!(
            one.contains("2001:db8::1".parse().unwrap()) && !one.contains("2001:db8::2".parse().unwrap())
        );
    }
}
