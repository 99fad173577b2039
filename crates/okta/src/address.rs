//! Which addresses this client talks to, and the resolver that hands out no others.
//!
//! The domain is a setting that a person types, and the token goes wherever it leads. A name may point into the
//! network this runs in, at a cloud's metadata service, or point there only at the second look-up. So names are
//! resolved here, each address is judged, and the connection is made to a judged address and nothing else.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::reply::Leg;

/// Which addresses are allowed beside the public ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// Opens `127.0.0.0/8` and `::1`.
    pub allow_loopback: bool,
    /// Opens the networks named, for an org behind a private link.
    pub allow: Vec<IpNet>,
}

/// IPv4 networks that are not the public internet (IANA special-purpose registry), and single addresses that
/// clouds answer on from inside.
const CLOSED_V4: &[(Ipv4Addr, u8, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "carrier-grade NAT"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "cloud metadata"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local, cloud metadata"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignment"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

impl AddressRules {
    /// Why this client does not talk to an address; nothing when it does.
    #[must_use]
    pub fn refuse(&self, address: IpAddr) -> Option<&'static str> {
        let plain = address.to_canonical();
        if self.allow.iter().any(|network| network.contains(&address) || network.contains(&plain)) {
            return None;
        }
        if self.allow_loopback && plain.is_loopback() {
            return None;
        }
        match plain {
            IpAddr::V4(v4) => closed_v4(v4),
            IpAddr::V6(v6) => self.closed_v6(v6),
        }
    }

    /// Of IPv6 only global unicast is open, and of that not what tunnels IPv4 to a place that is closed.
    fn closed_v6(&self, address: Ipv6Addr) -> Option<&'static str> {
        let segments = address.segments();
        let embedded = |high: u16, low: u16| {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            self.refuse(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
        };
        match segments {
            // NAT64 with its well-known prefix.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
            // 6to4.
            [0x2002, high, low, ..] => embedded(high, low),
            [0x2001, 0, ..] => Some("Teredo"),
            [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("documentation"),
            [0x2001, 2, 0, ..] => Some("benchmarking"),
            [first, ..] if first & 0xe000 == 0x2000 => None,
            [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
            [0, 0, 0, 0, 0, 0, ..] => Some("unspecified"),
            [first, ..] if first & 0xfe00 == 0xfc00 => Some("unique local"),
            [first, ..] if first & 0xff00 == 0xff00 => Some("multicast"),
            [first, ..] if first & 0xffc0 == 0xfe80 => Some("link-local"),
            _ => Some("not global unicast"),
        }
    }
}

fn closed_v4(address: Ipv4Addr) -> Option<&'static str> {
    CLOSED_V4.iter().find_map(|(network, bits, name)| {
        let mask = u32::MAX << (32 - u32::from(*bits));
        (address.to_bits() & mask == network.to_bits()).then_some(*name)
    })
}

/// A name resolved, but to nothing that is allowed.
#[derive(Debug)]
pub(crate) struct AddressRefused {
    host: String,
    first: IpAddr,
    kind: &'static str,
}

impl fmt::Display for AddressRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} resolves to {} ({})", self.host, self.first, self.kind)
    }
}

impl StdError for AddressRefused {}

/// The name did not resolve.
#[derive(Debug)]
pub(crate) struct NotResolved(String);

impl fmt::Display for NotResolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for NotResolved {}

/// Addresses of a host, in the order to try them.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Who is asked for the addresses of a host.
pub type LookupFn = Arc<dyn Fn(String) -> Lookup + Send + Sync>;

/// The system's own resolver.
#[must_use]
pub fn system_lookup() -> LookupFn {
    Arc::new(|host: String| {
        Box::pin(async move {
            Ok(tokio::net::lookup_host((host.as_str(), 0)).await?.map(|address| address.ip()).collect())
        })
    })
}

/// The resolver that the HTTP client is given.
pub(crate) struct VettingResolver {
    pub(crate) rules: AddressRules,
    pub(crate) lookup: LookupFn,
    /// Host of the proxy, which may be anywhere.
    pub(crate) proxy: Option<String>,
}

impl Resolve for VettingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let rules = self.rules.clone();
        let lookup = (self.lookup)(host.clone());
        let is_proxy = self.proxy.as_ref().is_some_and(|proxy| proxy.eq_ignore_ascii_case(&host));
        Box::pin(async move {
            let found = lookup.await.map_err(|error| NotResolved(error.to_string()))?;
            let vetted = if is_proxy && !found.is_empty() { found } else { vet(&rules, host, found)? };
            // Port 0 stands for the one of the URL.
            Ok(Box::new(vetted.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// The addresses of a host that are allowed, or where looking them up ended.
pub(crate) async fn vet_host(
    rules: &AddressRules,
    lookup: &LookupFn,
    host: String,
) -> Result<Vec<IpAddr>, (Leg, String)> {
    let found = lookup(host.clone()).await.map_err(|error| (Leg::Dns, error.to_string()))?;
    vet(rules, host, found).map_err(|error| {
        let leg = if error.is::<AddressRefused>() { Leg::RefusedAddress } else { Leg::Dns };
        (leg, error.to_string())
    })
}

fn vet(
    rules: &AddressRules,
    host: String,
    found: Vec<IpAddr>,
) -> Result<Vec<IpAddr>, Box<dyn StdError + Send + Sync>> {
    let mut refused = None;
    let mut open = Vec::with_capacity(found.len());
    for address in found {
        match rules.refuse(address) {
            None => open.push(address),
            Some(kind) => refused = refused.or(Some((address, kind))),
        }
    }
    match (open.is_empty(), refused) {
        (true, Some((first, kind))) => Err(Box::new(AddressRefused { host, first, kind })),
        (true, None) => Err(Box::new(NotResolved("no address".to_owned()))),
        (false, _) => Ok(open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, rules: &AddressRules) -> Option<&'static str> {
        rules.refuse(text.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_open() {
        let rules = AddressRules::default();
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
        ] {
            assert_eq!(kind(address, &rules), None, "{address}");
        }
        let closed = [
            ("0.0.0.0", "unspecified"),
            ("10.1.2.3", "private"),
            ("100.64.0.1", "carrier-grade NAT"),
            ("100.100.100.200", "carrier-grade NAT"),
            ("127.0.0.1", "loopback"),
            ("127.255.255.255", "loopback"),
            ("168.63.129.16", "cloud metadata"),
            ("169.254.169.254", "link-local, cloud metadata"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.0.0.192", "protocol assignment"),
            ("192.168.0.1", "private"),
            ("198.19.0.1", "benchmarking"),
            ("224.0.0.1", "multicast"),
            ("255.255.255.255", "reserved"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::7f00:1", "unspecified"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:10.0.0.1", "private"),
            ("::ffff:169.254.169.254", "link-local, cloud metadata"),
            ("64:ff9b::10.0.0.1", "private"),
            ("64:ff9b::169.254.169.254", "link-local, cloud metadata"),
            ("64:ff9b:1::1", "not global unicast"),
            ("2002:a00:1::1", "private"),
            ("2002:7f00:1::", "loopback"),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
            ("2001:db8::1", "documentation"),
            ("fc00::1", "unique local"),
            ("fd00:ec2::254", "unique local"),
            ("fe80::1", "link-local"),
            ("fec0::1", "not global unicast"),
            ("ff02::1", "multicast"),
            ("100::1", "not global unicast"),
        ];
        for (address, expected) in closed {
            assert_eq!(kind(address, &rules), Some(expected), "{address}");
        }
    }

    #[test]
    fn named_networks_and_loopback_can_be_opened() {
        let rules = AddressRules { allow_loopback: false, allow: vec!["10.1.0.0/16".parse().unwrap()] };
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"] {
            assert_eq!(kind(address, &rules), None, "{address}");
        }
        for address in ["10.2.0.1", "127.0.0.1", "::1"] {
            assert!(kind(address, &rules).is_some(), "{address}");
        }
        let rules = AddressRules { allow_loopback: true, allow: vec!["fd12::/16".parse().unwrap()] };
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "fd12::1"] {
            assert_eq!(kind(address, &rules), None, "{address}");
        }
        for address in ["10.0.0.1", "0.0.0.0", "::", "fd13::1", "169.254.169.254"] {
            assert!(kind(address, &rules).is_some(), "{address}");
        }
    }

    #[test]
    fn only_the_open_addresses_are_handed_out() {
        let rules = AddressRules::default();
        let found = ["10.0.0.1", "8.8.8.8", "::1"].map(|text| text.parse().unwrap()).to_vec();
        assert_eq!(vet(&rules, "h".into(), found).unwrap(), ["8.8.8.8".parse::<IpAddr>().unwrap()]);
        let error = vet(&rules, "h".into(), vec!["169.254.169.254".parse().unwrap()]).unwrap_err();
        assert_eq!(error.to_string(), "h resolves to 169.254.169.254 (link-local, cloud metadata)");
        assert!(vet(&rules, "h".into(), vec![]).unwrap_err().is::<NotResolved>());
    }
}
