//! Signatures that others published, addresses, and when is tried again.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::TenantId;
use domain::webhook_endpoint::{Scheme, Secret};
use hyper::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use jiff::{SignedDuration, Timestamp};
use ring::signature::{ED25519, UnparsedPublicKey};
use store::WebhookKey;
use ulid::Ulid;

use super::post::retry_after;
use super::{Reach, Schedule, Signer};

/// From the tests of the packages `standardwebhooks` on npm and PyPI.
#[test]
fn signatures_are_those_of_standard_webhooks() {
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signature = Signer::hmac(&key).sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        br#"{"test": 2432232314}"#,
    );
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_public_key_tells_what_its_seed_signed() {
    let (key, tenant) = (WebhookKey::new(&[7; 32]), TenantId::new(Ulid(1)));
    let secret = |scheme| Secret {
        id: "one".to_owned(),
        scheme,
    };
    let seed = key.secret(tenant, "hooks", "one");
    assert_ne!(seed, key.secret(tenant, "hooks", "two"));
    assert_ne!(seed, key.secret(TenantId::new(Ulid(2)), "hooks", "one"));
    let signature = Signer::new(Scheme::Ed25519, &seed).sign("msg_1", 12, b"{}");
    let bytes = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
    let public = key.shown(tenant, "hooks", &secret(Scheme::Ed25519));
    let public = STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
    let public = UnparsedPublicKey::new(&ED25519, public);
    assert!(public.verify(b"msg_1.12.{}", &bytes).is_ok());
    assert!(public.verify(b"msg_1.13.{}", &bytes).is_err());
    let symmetric = key.shown(tenant, "hooks", &secret(Scheme::Hmac));
    assert_eq!(symmetric, format!("whsec_{}", STANDARD.encode(seed)));
}

#[test]
fn no_request_goes_to_an_address_inside() {
    let inside = [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.8.8.8",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "3fff::1",
    ];
    let outside = [
        "1.1.1.1",
        "9.9.9.9",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "193.0.0.1",
        "8.8.8.8",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ];
    for (addresses, is_public) in [(&inside[..], false), (&outside[..], true)] {
        for address in addresses {
            let parsed: IpAddr = address.parse().unwrap();
            assert_eq!(Reach::Public.allows(parsed), is_public, "{address}");
            assert!(Reach::Anywhere.allows(parsed));
        }
    }
}

#[test]
fn pauses_grow_and_a_receiver_may_ask_for_longer_ones() {
    let now = Timestamp::from_second(1_772_452_800).unwrap();
    let schedule: Schedule = "100ms, 2s,3d".parse().unwrap();
    let pause = |attempts: u32, after: Option<u64>| {
        let next = schedule.next(attempts, 9, now, after.map(Duration::from_secs))?;
        Some(next.duration_since(now))
    };
    let within = |pause: Option<SignedDuration>, from_ms: i64| {
        let ms = i64::try_from(pause.unwrap().as_millis()).unwrap();
        assert!((from_ms..=from_ms * 6 / 5).contains(&ms), "{ms}");
    };
    within(pause(1, None), 100);
    within(pause(2, None), 2_000);
    within(pause(2, Some(1)), 2_000);
    assert_eq!(pause(1, Some(60)), Some(SignedDuration::from_secs(60)));
    assert_eq!(
        pause(1, Some(10_000_000)),
        Some(SignedDuration::from_hours(24)),
        "a day at most"
    );
    within(pause(3, Some(9)), 259_200_000);
    assert_eq!(pause(4, None), None);
    let jitters: std::collections::BTreeSet<_> = (0..20)
        .map(|number| schedule.next(2, number, now, None))
        .collect();
    assert!(
        jitters.len() > 10,
        "what failed together does not come back together"
    );
    for wrong in ["", "5", "s", "5s,", "5w", "-1s"] {
        assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
    }
    let total = (1..)
        .map_while(|attempt| Schedule::default().next(attempt, 0, now, None))
        .count();
    assert_eq!(total, 9, "ten attempts");
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
    let told = |text: &'static str| {
        let headers: HeaderMap = [(RETRY_AFTER, HeaderValue::from_static(text))]
            .into_iter()
            .collect();
        retry_after(&headers, now)
    };
    assert_eq!(told("120"), Some(Duration::from_secs(120)));
    assert_eq!(
        told("Mon, 02 Mar 2026 12:01:00 GMT"),
        Some(Duration::from_secs(60))
    );
    assert_eq!(told("Mon, 02 Mar 2026 11:00:00 GMT"), None);
    assert_eq!(told("soon"), None);
}
