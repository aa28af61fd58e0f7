//! Signatures that the senders published.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use domain::TenantId;
use jiff::Timestamp;
use ulid::Ulid;

use crate::webhooks::{Clerk, Encoding, Hmac, Sender, Source, Stripe, Unsigned};

fn source(sender: Sender, secrets: &[&str]) -> Source {
    Source {
        name: "sender".to_owned(),
        tenant: TenantId::new(Ulid(1)),
        secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect(),
        tolerance: Duration::from_secs(300),
        sender,
    }
}

fn clerk() -> Sender {
    Sender::Clerk(Clerk {
        organizations: std::collections::BTreeMap::new(),
        time_zone: "UTC".parse().unwrap(),
        currency: "USD".parse().unwrap(),
    })
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    pairs.iter().map(pair).collect()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// From Svix's documentation and from its libraries' tests.
#[test]
fn svix_signatures_as_clerk_sends_them() {
    let vectors = [
        (
            "whsec_plJ3nmyCDGBKInavdOK15jsl",
            "msg_loFOjxBNrRLzqYUf",
            1_731_705_121,
            r#"{"event_type":"ping","data":{"success":true}}"#,
            "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        ),
        (
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ];
    for (secret, id, second, body, signature) in vectors {
        let time = second.to_string();
        // One of several, among versions that are not known.
        let signatures = format!("v1a,AAAA v1,AAAA {signature} v2,{signature}");
        for prefix in ["svix", "webhook"] {
            let names: [&'static str; 3] = match prefix {
                "svix" => ["svix-id", "svix-timestamp", "svix-signature"],
                _ => ["webhook-id", "webhook-timestamp", "webhook-signature"],
            };
            let headers = headers(&[(names[0], id), (names[1], &time), (names[2], &signatures)]);
            let judge = |secrets: &[&str], body: &str, now: i64| {
                source(clerk(), secrets).verify(&headers, body.as_bytes(), at(now))
            };
            assert_eq!(judge(&[secret], body, second + 299), Ok(()));
            assert_eq!(
                judge(&["whsec_AAAA", secret], body, second),
                Ok(()),
                "during a rotation"
            );
            assert_eq!(judge(&[secret], body, second + 301), Err(Unsigned::Old(301)));
            assert_eq!(judge(&[secret], body, second - 301), Err(Unsigned::Old(301)));
            assert_eq!(judge(&["whsec_AAAA"], body, second), Err(Unsigned::Wrong));
            assert_eq!(
                judge(&[secret], &body.replace(':', " :"), second),
                Err(Unsigned::Wrong)
            );
        }
    }
}

/// From the tests of Stripe's library for .NET.
#[test]
fn stripes_signature() {
    let body = include_bytes!("../fixtures/stripe_signed.json");
    let signature = "t=1533204620,v1=f0bdba6d4eacbd8ad8a3bbadd7248e633ec1477f7899c124c51b39405fa36613,\
                     v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef";
    let judge = |header: &str, secrets: &[&str], now: i64| {
        let source = source(Sender::Stripe(Stripe::default()), secrets);
        source.verify(&headers(&[("stripe-signature", header)]), body, at(now))
    };
    let now = 1_533_204_720;
    assert_eq!(judge(signature, &["webhook_secret"], now), Ok(()));
    assert_eq!(
        judge(signature, &["next", "webhook_secret"], now),
        Ok(()),
        "during a rotation"
    );
    let rolled = signature.replace(",v1=", &format!(",v1={},v1=", "0".repeat(64)));
    assert_eq!(judge(&rolled, &["webhook_secret"], now), Ok(()), "one of several");
    assert_eq!(
        judge(signature, &["webhook_secret"], now + 300),
        Err(Unsigned::Old(400))
    );
    assert_eq!(judge(signature, &["another"], now), Err(Unsigned::Wrong));
    let only_v0 = signature.replace("v1=", "v2=");
    assert_eq!(judge(&only_v0, &["webhook_secret"], now), Err(Unsigned::Wrong));
    let unreadable = Err(Unsigned::Unreadable("Stripe-Signature"));
    assert_eq!(judge("v1=00", &["webhook_secret"], now), unreadable);
}

/// From GitHub's documentation on validating deliveries.
#[test]
fn githubs_signature() {
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let judge = |header: &str, scheme: Hmac| {
        let source = source(Sender::Hmac(scheme), &["It's a Secret to Everybody"]);
        source.verify(
            &headers(&[("x-hub-signature-256", header)]),
            b"Hello, World!",
            at(0),
        )
    };
    assert_eq!(judge(signature, Hmac::github()), Ok(()));
    assert_eq!(judge(signature, Hmac::whatsapp(None)), Ok(()));
    assert_eq!(
        judge(&signature.replace("75", "76"), Hmac::github()),
        Err(Unsigned::Wrong)
    );
    let unreadable = Err(Unsigned::Unreadable("the signature"));
    for other in ["757107", "sha1=757107", "sha256=xx", "sha256=7"] {
        assert_eq!(judge(other, Hmac::github()), unreadable, "{other}");
    }
    let in_base64 = Hmac {
        encoding: Encoding::Base64,
        prefix: String::new(),
        ..Hmac::github()
    };
    assert_eq!(
        judge("dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=", in_base64),
        Ok(())
    );
}
