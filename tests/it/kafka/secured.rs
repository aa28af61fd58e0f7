//! Brokers behind TLS that ask for a name and a password.

use std::path::{Path, PathBuf};

use broker::Kafka;

use super::brokers::jars;
use super::program::Program;
use super::relayed::prefix;
use crate::support::{house, tenant};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The listener that is plain elsewhere, with TLS by the fixtures' certificate and SASL's PLAIN.
fn settings(folder: &Path) -> Vec<(String, String)> {
    let certificate = std::fs::read_to_string(fixture("localhost.pem")).unwrap();
    let key = std::fs::read_to_string(fixture("localhost.key.pem")).unwrap();
    let (keys, trusted) = (folder.join("keys.pem"), folder.join("trusted.pem"));
    std::fs::write(&keys, key + &certificate).unwrap();
    std::fs::write(&trusted, certificate).unwrap();
    let login = "org.apache.kafka.common.security.plain.PlainLoginModule required \
                 username=\"broker\" password=\"inside\" user_broker=\"inside\" user_annals=\"hush\";";
    let settings = [
        (
            "listener.security.protocol.map",
            "PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT",
        ),
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("sasl.mechanism.inter.broker.protocol", "PLAIN"),
        ("listener.name.plaintext.plain.sasl.jaas.config", login),
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.location", keys.to_str().unwrap()),
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.location", trusted.to_str().unwrap()),
    ];
    let owned = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_speaks_tls_and_tells_its_name_and_password() {
    let Some(jars) = jars("the_relay_speaks_tls_and_tells_its_name_and_password") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(jars, 1, &settings(folder.path())).await.unwrap();
    let house = house().await;
    tenant(&house.store, "acme").await;
    let authority = format!("ssl.ca.location={}", fixture("localhost.pem").display());
    let login = |password| {
        [
            "security.protocol=SASL_SSL".to_owned(),
            "sasl.mechanism=PLAIN".to_owned(),
            "sasl.username=annals".to_owned(),
            format!("sasl.password={password}"),
            authority.clone(),
        ]
    };
    let (url, brokers, prefix) = (house.database.url(), kafka.brokers(), prefix("secured"));
    let start = async |properties: [String; 5]| {
        let settings: Vec<&str> = properties
            .iter()
            .flat_map(|property| ["--kafka-property", property.as_str()])
            .collect();
        Program::start(url, &brokers, &prefix, &settings).await
    };
    let mut wrong = start(login("hash")).await;
    let line = wrong.says("streams.relay stopped").await;
    assert!(!line.contains("hash"), "{line}");
    wrong.kill();
    let right = start(login("hush")).await;
    right
        .measures("annals_relay_events_total", |events| events >= 1.0)
        .await;
}
