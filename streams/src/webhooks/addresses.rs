//! Where no request goes: addresses that are not of the public internet, whatever name led to them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses endpoints may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those of the public internet, over TLS.
    #[default]
    Public,
    /// Any, with or without TLS: where whoever may create endpoints may reach everything that this process reaches.
    Anywhere,
}

impl Reach {
    /// Whether a request may go to this address.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        match (self, address) {
            (Self::Anywhere, _) => true,
            (Self::Public, IpAddr::V4(address)) => is_public_v4(address),
            (Self::Public, IpAddr::V6(address)) => is_public_v6(address),
        }
    }
}

/// By IANA's registry of special-purpose addresses (RFC 6890 and its updates).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        // This network, private (also 172.16/12 and 192.168/16), loopback, multicast and reserved.
        (0 | 10 | 127 | 224..=255, _, _) => true,
        // Shared by carriers (100.64/10): there lies Alibaba's metadata service, too.
        (100, 64..=127, _) => true,
        // Link-local, with most clouds' metadata service.
        (169, 254, _) => true,
        (172, 16..=31, _) => true,
        // Protocol assignments, documentation, 6to4 relays, private.
        (192, 0, 0 | 2) | (192, 88, 99) | (192, 168, _) => true,
        // Benchmarks, documentation.
        (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        // Azure's platform address.
        (168, 63, 129) => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inside) = address.to_ipv4_mapped() {
        return is_public_v4(inside);
    }
    let parts = address.segments();
    match parts {
        // NAT64 leads to the address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo, ORCHID, benchmarks and other protocol assignments (2001::/23), documentation, 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Only 2000::/3 is given out for the public internet.
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}
