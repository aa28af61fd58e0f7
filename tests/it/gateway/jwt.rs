//! Tokens of an identity provider: which are taken, and what they open.

use std::time::Duration;

use axum::http::StatusCode;
use ring::hmac;
use serde_json::{Value, json};

use super::house::{ADMIN, House, Tenant};
use super::provider::{ISSUER, Provider, Signer, encoded, unsigned};
use super::socket::Socket;

pub(super) const ME: &str = "{ me { actor tenantId roles } }";

/// A house that trusts a provider, whose clock stands still at `now`.
pub(super) struct Trusting {
    pub(super) house: House,
    pub(super) acme: Tenant,
    pub(super) now: i64,
}

impl Trusting {
    pub(super) async fn open(provider: &Provider, change: impl FnOnce(&mut api::JwtOptions)) -> Self {
        let mut jwt = provider.options();
        change(&mut jwt);
        let house = House::open_with(|options| options.jwt = Some(jwt)).await;
        let acme = house.tenant("acme").await;
        house.settle().await;
        let now = house.store.ambient().now().as_second();
        Self { house, acme, now }
    }

    /// Good claims, but for these.
    pub(super) fn claims(&self, but: Value) -> Value {
        let mut claims = json!({
            "iss": ISSUER, "aud": "annals", "sub": "ada", "tenant": "acme", "roles": ["member"], "exp": self.now + 60,
        });
        for (name, value) in but.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    pub(super) async fn status(&self, token: &str) -> (StatusCode, String) {
        self.status_with(token, &[]).await
    }

    async fn status_with(&self, token: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
        let body = json!({ "query": ME }).to_string();
        let (status, _, answer) = self.house.post(token, headers, body).await;
        (
            status,
            answer["errors"][0]["message"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    }
}

pub(super) fn kid(kid: &str) -> Value {
    json!({ "kid": kid })
}

#[tokio::test]
async fn tokens_of_all_three_kinds_of_keys_open_their_tenant() {
    let signers = [
        ("ed", Signer::ed25519()),
        ("ec", Signer::p256()),
        ("rsa", Signer::rsa()),
    ];
    let keys = signers
        .iter()
        .map(|(name, signer)| signer.published(name))
        .collect();
    let provider = Provider::start(keys).await;
    let trusting = Trusting::open(&provider, |jwt| jwt.audience = vec!["annals".to_owned()]).await;
    for (name, signer) in &signers {
        let token = signer.token(
            &kid(name),
            &trusting.claims(json!({ "sub": name, "aud": ["x", "annals"] })),
        );
        let me = trusting.house.ask(&token, ME, json!({})).await;
        let wanted =
            json!({ "actor": format!("user:{name}"), "tenantId": trusting.acme.id, "roles": ["MEMBER"] });
        assert_eq!(me["me"], wanted);
        let unnamed = signer.token(&json!({}), &trusting.claims(json!({})));
        assert_eq!(
            trusting.status(&unnamed).await.0,
            StatusCode::OK,
            "one key of its kind is enough"
        );
    }
    assert_eq!(provider.asked(), 1, "the keys are kept");
    let agent = signers[0].1.token(
        &kid("ed"),
        &trusting.claims(json!({ "sub": "bot", "roles": "agent" })),
    );
    let me = trusting.house.ask(&agent, ME, json!({})).await;
    assert_eq!(me["me"]["actor"], "agent:bot");
}

#[tokio::test]
async fn a_token_that_is_not_good_is_told_why() {
    let (ed, rsa, stranger) = (Signer::ed25519(), Signer::rsa(), Signer::ed25519());
    let provider = Provider::start(vec![
        ed.published("ed"),
        rsa.published("rsa"),
        stranger.published("other"),
    ])
    .await;
    let trusting = Trusting::open(&provider, |jwt| jwt.audience = vec!["annals".to_owned()]).await;
    let now = trusting.now;
    let good = trusting.claims(json!({}));
    let (head, body) = (json!({ "alg": "HS256", "kid": "rsa" }), &good);
    let confused = unsigned(&head, body);
    // The classic attack signs with the public key's bytes as if they were a secret.
    let public = rsa.published("rsa").to_string();
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes()),
        confused.as_bytes(),
    );
    let right = ed.token(&kid("ed"), &good);
    let (signed, signature) = right.rsplit_once('.').unwrap();
    let other_claims = unsigned(
        &json!({ "alg": "EdDSA", "kid": "ed" }),
        &trusting.claims(json!({ "sub": "eve" })),
    );
    let with = |but: Value| ed.token(&kid("ed"), &trusting.claims(but));
    let mut endless = trusting.claims(json!({}));
    endless.as_object_mut().unwrap().remove("exp");
    for (token, why) in [
        (with(json!({ "exp": now })), "expired"),
        (with(json!({ "exp": "tomorrow" })), "`exp`"),
        (with(json!({ "exp": null })), "`exp`"),
        (ed.token(&kid("ed"), &endless), "`exp`"),
        (with(json!({ "nbf": now + 1 })), "not valid yet"),
        (with(json!({ "iss": "https://evil.example" })), "issuer"),
        (with(json!({ "iss": [ISSUER] })), "issuer"),
        (with(json!({ "aud": "shop" })), "audience"),
        (with(json!({ "aud": "annals shop" })), "audience"),
        (with(json!({ "aud": null })), "audience"),
        (with(json!({ "sub": "" })), "`sub`"),
        (
            format!("{}.", unsigned(&json!({ "alg": "none" }), &good)),
            "\"none\"",
        ),
        (
            format!("{}.", unsigned(&json!({ "alg": "None", "kid": "ed" }), &good)),
            "\"None\"",
        ),
        (format!("{confused}.{}", encoded(tag.as_ref())), "\"HS256\""),
        (
            ed.token(&json!({ "alg": "RS256", "kid": "rsa" }), &good),
            "signature",
        ),
        (
            ed.token(&json!({ "alg": "RS256", "kid": "ed" }), &good),
            "no key \"ed\"",
        ),
        (stranger.token(&kid("ed"), &good), "signature"),
        (ed.token(&kid("gone"), &good), "no key \"gone\""),
        (ed.token(&json!({}), &good), "names no key"),
        (ed.token(&json!({ "kid": "ed", "crit": ["exp"] }), &good), "crit"),
        (format!("{other_claims}.{signature}"), "signature"),
        (format!("{signed}.{}", encoded(b"short")), "signature"),
        (format!("{signed}.="), "base64url"),
        ("a.b.c".to_owned(), "not a JWT"),
        (format!("{signed}.{}", "A".repeat(20_000)), "16384"),
    ] {
        let (status, message) = trusting.status(&token).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{why}: {message}");
        assert!(message.contains(why), "{why}: {message}");
    }
    assert_eq!(trusting.status(&right).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_leeway_moves_both_ends() {
    let signer = Signer::p256();
    let provider = Provider::start(vec![signer.published("k")]).await;
    let trusting = Trusting::open(&provider, |jwt| jwt.leeway = Duration::from_secs(10)).await;
    let now = trusting.now;
    for (but, wanted) in [
        (json!({ "exp": now - 9 }), StatusCode::OK),
        (json!({ "exp": now - 10 }), StatusCode::UNAUTHORIZED),
        (json!({ "nbf": now + 10 }), StatusCode::OK),
        (json!({ "nbf": now + 11 }), StatusCode::UNAUTHORIZED),
        (
            json!({ "exp": f64::from(i32::try_from(now).unwrap()) + 0.5 }),
            StatusCode::OK,
        ),
    ] {
        let token = signer.token(&kid("k"), &trusting.claims(but.clone()));
        assert_eq!(trusting.status(&token).await.0, wanted, "{but}");
    }
}

#[tokio::test]
async fn a_token_opens_the_tenants_that_it_names_and_no_other() {
    let signer = Signer::ed25519();
    let provider = Provider::start(vec![signer.published("k")]).await;
    let trusting = Trusting::open(&provider, |jwt| {
        let platform = ("boss".to_owned(), api::Role::PlatformAdmin);
        jwt.claims.role_names.extend([platform]);
    })
    .await;
    let beta = trusting.house.tenant("beta").await;
    trusting.house.tenant("gamma").await;
    let token = |but: Value| signer.token(&kid("k"), &trusting.claims(but));
    let one = token(json!({ "tenant": trusting.acme.id }));
    let two = token(json!({ "tenant": ["acme", "beta", "never"] }));
    let boss = token(json!({ "tenant": null, "roles": ["boss"] }));
    let named = |tenant| [("x-annals-tenant", tenant)];
    for (token, header, wanted) in [
        (&one, None, StatusCode::OK),
        (&one, Some("acme"), StatusCode::OK),
        (&one, Some("beta"), StatusCode::FORBIDDEN),
        (&two, Some("acme"), StatusCode::OK),
        (&two, Some(beta.id.as_str()), StatusCode::OK),
        (&two, Some("gamma"), StatusCode::FORBIDDEN),
        (&two, None, StatusCode::BAD_REQUEST),
        (&boss, None, StatusCode::OK),
        (&boss, Some("gamma"), StatusCode::OK),
        (&token(json!({ "tenant": null })), None, StatusCode::FORBIDDEN),
        (&token(json!({ "tenant": "never" })), None, StatusCode::NOT_FOUND),
    ] {
        let headers = header.map(named).into_iter().flatten().collect::<Vec<_>>();
        let (status, message) = trusting.status_with(token, &headers).await;
        assert_eq!(status, wanted, "{header:?}: {message}");
    }
    let me = trusting
        .house
        .post(&two, &named("beta"), json!({ "query": ME }).to_string())
        .await
        .2;
    assert_eq!(me["data"]["me"]["tenantId"], beta.id);
    let tenants = trusting
        .house
        .ask(&boss, "{ tenants(first: 9) { nodes { slug } } }", json!({}))
        .await;
    assert_eq!(tenants["tenants"]["nodes"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_token_without_roles_has_its_members_and_ends_with_them() {
    let signer = Signer::ed25519();
    let provider = Provider::start(vec![signer.published("k")]).await;
    let trusting = Trusting::open(&provider, |_| {}).await;
    let (house, admin) = (&trusting.house, &trusting.acme.token);
    let token = signer.token(&kid("k"), &trusting.claims(json!({ "roles": [] })));
    let (status, message) = trusting.status(&token).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{message}");
    let invite = json!({ "id": "m1", "email": "ada@example.org", "role": "AUDITOR" });
    house.done(admin, "inviteMember", invite).await;
    assert_eq!(
        trusting.status(&token).await.0,
        StatusCode::FORBIDDEN,
        "invited is not joined"
    );
    house
        .done(admin, "joinMember", json!({ "id": "m1", "user": "ada" }))
        .await;
    let roles = async || house.ask(&token, ME, json!({})).await["me"]["roles"].clone();
    assert_eq!(roles().await, json!(["AUDITOR"]));

    // What is open for the member is told at once: its role changed.
    let mut socket = Socket::open(house.router.clone(), &token).await;
    socket
        .subscribe("subscription { events { __typename } }", json!({}))
        .await;
    let change = json!({ "id": "m1", "role": "ANALYST" });
    house.done(admin, "changeMemberRole", change).await;
    assert_eq!(socket.closing().await, 4403);
    assert_eq!(roles().await, json!(["ANALYST"]), "the new role counts at once");
    house
        .done(admin, "removeMember", json!({ "id": "m1", "reason": "left" }))
        .await;
    let by_token = signer.token(&kid("k"), &trusting.claims(json!({ "roles": ["tenant_admin"] })));
    // What a gateway has seen a moment ago it may take for a second more.
    let mut again = tokio::time::interval(Duration::from_millis(50));
    for token in [&token, &by_token] {
        let mut tries = 0;
        let message = loop {
            again.tick().await;
            let (status, message) = trusting.status(token).await;
            if status == StatusCode::FORBIDDEN {
                break message;
            }
            tries += 1;
            assert!(tries < 100, "a removed member goes on");
        };
        assert!(message.contains("removed"), "{message}");
    }
}

#[tokio::test]
async fn a_subscription_ends_when_its_token_does() {
    let signer = Signer::ed25519();
    let provider = Provider::start(vec![signer.published("k")]).await;
    let trusting = Trusting::open(&provider, |_| {}).await;
    let claims = trusting.claims(json!({ "roles": ["auditor"], "exp": trusting.now + 1 }));
    let mut socket = Socket::open(trusting.house.router.clone(), &signer.token(&kid("k"), &claims)).await;
    socket
        .subscribe("subscription { events { __typename } }", json!({}))
        .await;
    assert_eq!(socket.closing().await, 4403);
}

#[tokio::test]
async fn without_an_issuer_in_the_settings_no_such_token_is_taken() {
    let house = House::open().await;
    let token = Signer::ed25519().token(&kid("k"), &json!({ "iss": ISSUER, "sub": "ada" }));
    assert_eq!(house.code(&token, ME, json!({})).await, "UNAUTHENTICATED");
    house.ask(ADMIN, ME, json!({})).await;
}
