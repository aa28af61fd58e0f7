//! The gateway's settings: its limits, and which documents it executes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use api::{Limits, PersistedDocuments, PlanBuckets};
use clap::Args;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Makes a flag, a variable and a key of each limit.
macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident $variable:literal,)+) => {
        /// What a person may set. Each is a flag, a variable and a key of the file's table `[gateway]`.
        #[derive(Args, Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[command(next_help_heading = "Gateway")]
        pub struct GivenGateway {
            $(
                $(#[doc = $doc])+
                #[arg(long, env = $variable, global = true, value_name = "NUMBER", hide_short_help = true)]
                pub $name: Option<usize>,
            )+
            /// A JSON file of the documents that are executed, by the SHA-256 of their text; all others are
            /// refused [default: none, all documents are executed]
            #[arg(long, env = "ANNALS_PERSISTED_DOCUMENTS", global = true, value_name = "FILE", hide_short_help = true)]
            pub persisted_documents: Option<PathBuf>,
            /// What the tenants of a plan may spend: at once, and what comes back in a second; may be repeated
            /// [default: default=50000:5000 starter=20000:2000 professional=100000:10000 enterprise=500000:50000]
            #[arg(long = "plan-bucket", env = "ANNALS_PLAN_BUCKETS", value_delimiter = ',', global = true, value_name = "PLAN=SIZE:RATE", hide_short_help = true)]
            pub plan_buckets: Option<Vec<String>>,
        }

        impl GivenGateway {
            /// These settings, and where there are none, those.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self {
                    $($name: self.$name.or(other.$name),)+
                    persisted_documents: self.persisted_documents.or(other.persisted_documents),
                    plan_buckets: self.plan_buckets.or(other.plan_buckets),
                }
            }

            /// The limits in force.
            #[must_use]
            pub fn limits(&self) -> Limits {
                let default = Limits::default();
                Limits { $($name: self.$name.unwrap_or(default.$name),)+ }
            }

            fn lines(&self) -> Vec<(&'static str, usize)> {
                let limits = self.limits();
                vec![$((stringify!($name), limits.$name),)+]
            }
        }
    };
}

settings! {
    /// Bytes of a request's body, and of a message on a WebSocket [default: 1048576]
    request_bytes "ANNALS_REQUEST_BYTES",
    /// Bytes of a GraphQL document [default: 131072]
    document_bytes "ANNALS_DOCUMENT_BYTES",
    /// Tokens of a document [default: 10000]
    tokens "ANNALS_TOKENS",
    /// Selections inside each other, fragments counted in their places [default: 32, at most 64]
    selection_nesting "ANNALS_SELECTION_NESTING",
    /// Lists, objects and list types inside each other in a document [default: 16, at most 64]
    value_nesting "ANNALS_VALUE_NESTING",
    /// Arrays and objects inside each other in a request's JSON [default: 32]
    json_nesting "ANNALS_JSON_NESTING",
    /// Fields inside each other [default: 16]
    depth "ANNALS_DEPTH",
    /// Fields of an operation, fragments counted in their places [default: 10000]
    fields "ANNALS_FIELDS",
    /// Aliases in a document [default: 100]
    aliases "ANNALS_ALIASES",
    /// Fields at the root of an operation [default: 30]
    root_fields "ANNALS_ROOT_FIELDS",
    /// Directives in a document [default: 50]
    directives "ANNALS_DIRECTIVES",
    /// Requests in a batch; 1 turns batches off [default: 10]
    batch "ANNALS_BATCH",
    /// What an operation may cost: a field is 1, a list multiplies by its length [default: 5000]
    cost "ANNALS_COST",
    /// Milliseconds until a query or mutation is answered, and until a request's body is there [default: 30000]
    time_ms "ANNALS_TIME_MS",
    /// Milliseconds until a request's head must be there [default: 10000]
    head_ms "ANNALS_HEAD_MS",
    /// Milliseconds that a query waits for the position that it asks to see [default: 2000]
    wait_ms "ANNALS_WAIT_MS",
    /// Milliseconds that an answer about the past may take (`asOf`, `evidence`, explanations, verification) [default: 10000]
    past_ms "ANNALS_PAST_MS",
    /// Rows that an answer about the past, or a verification, may hold in memory [default: 100000]
    past_rows "ANNALS_PAST_ROWS",
    /// Answers about the past that are worked on at the same time [default: 4]
    past_at_once "ANNALS_PAST_AT_ONCE",
    /// Milliseconds within which a WebSocket introduces itself [default: 10000]
    init_ms "ANNALS_INIT_MS",
    /// Milliseconds between two pings on a WebSocket; one that is silent for two is closed [default: 15000]
    ping_ms "ANNALS_PING_MS",
    /// Operations at the same time on a WebSocket [default: 100]
    socket_operations "ANNALS_SOCKET_OPERATIONS",
    /// Subscriptions of a tenant at the same time [default: 10000]
    tenant_subscriptions "ANNALS_TENANT_SUBSCRIPTIONS",
    /// WebSockets and streams from one address at the same time [default: 5000]
    address_connections "ANNALS_ADDRESS_CONNECTIONS",
    /// Reads of the log's table at the same time for subscriptions that are behind [default: 4]
    backfills "ANNALS_BACKFILLS",
    /// The same for one tenant's [default: 2]
    tenant_backfills "ANNALS_TENANT_BACKFILLS",
    /// Replays of the past at the same time [default: 32]
    replays "ANNALS_REPLAYS",
    /// The same for one tenant's [default: 4]
    tenant_replays "ANNALS_TENANT_REPLAYS",
    /// Milliseconds without a word until a subscription tells a heartbeat [default: 15000]
    heartbeat_ms "ANNALS_HEARTBEAT_MS",
    /// Responses that are kept for those who share an execution; who is further behind reads the table
    /// [default: 1024]
    live_responses "ANNALS_LIVE_RESPONSES",
}

impl GivenGateway {
    /// The settings in force as the file's table has them.
    pub(crate) fn shown(&self) -> String {
        let mut text = "\n[gateway]\n".to_owned();
        for (name, value) in self.lines() {
            text.push_str(&format!("{name} = {value}\n"));
        }
        match &self.persisted_documents {
            Some(file) => text.push_str(&format!(
                "persisted_documents = {:?}\n",
                file.display().to_string()
            )),
            None => text.push_str("# persisted_documents is not set\n"),
        }
        match &self.plan_buckets {
            Some(buckets) => text.push_str(&format!("plan_buckets = {buckets:?}\n")),
            None => text.push_str("# plan_buckets is not set\n"),
        }
        text
    }

    /// What tenants may spend, by their plans.
    ///
    /// # Errors
    /// When a text is no plan's bucket: it is named.
    pub fn buckets(&self) -> anyhow::Result<PlanBuckets> {
        let mut buckets = PlanBuckets::default();
        for text in self.plan_buckets.iter().flatten() {
            buckets.set(text).context("plan_buckets")?;
        }
        Ok(buckets)
    }

    /// Reads the list of the documents that are executed, if there is one.
    ///
    /// # Errors
    /// When the file can't be read, is no JSON object of texts, or a name in it is not its text's hash.
    pub fn documents(&self) -> anyhow::Result<PersistedDocuments> {
        let Some(file) = &self.persisted_documents else {
            return Ok(PersistedDocuments::Automatic);
        };
        let listed = listed(file).with_context(|| format!("persisted documents {}", file.display()))?;
        Ok(PersistedDocuments::Listed(Arc::new(listed)))
    }
}

fn listed(file: &Path) -> anyhow::Result<HashMap<[u8; 32], String>> {
    let texts: HashMap<String, String> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let mut listed = HashMap::new();
    for (name, text) in texts {
        let hash: [u8; 32] = Sha256::digest(&text).into();
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        if !name.eq_ignore_ascii_case(&digits) && name.strip_prefix("sha256:") != Some(&digits) {
            bail!("{name:?} is not the SHA-256 of its text, which is {digits}");
        }
        listed.insert(hash, text);
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use api::{Limits, PersistedDocuments};

    use super::GivenGateway;

    #[test]
    fn what_is_not_given_has_its_default() {
        let given: GivenGateway = toml::from_str("depth = 3").unwrap();
        let flags = GivenGateway {
            depth: Some(4),
            ..GivenGateway::default()
        };
        assert_eq!(
            given.limits(),
            Limits {
                depth: 3,
                ..Limits::default()
            }
        );
        assert_eq!(flags.or(given).limits().depth, 4);
        assert!(toml::from_str::<GivenGateway>("dept = 3").is_err());
    }

    #[test]
    fn the_help_tells_the_defaults() {
        use clap::Args as _;
        let command = GivenGateway::augment_args(clap::Command::new("annals"));
        for (name, value) in GivenGateway::default().lines() {
            let argument = command
                .get_arguments()
                .find(|argument| argument.get_id() == name)
                .unwrap();
            let help = argument.get_help().unwrap().to_string();
            assert!(help.contains(&format!("[default: {value}")), "{name}: {help}");
        }
    }

    #[test]
    fn a_list_of_documents_is_checked_against_its_hashes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("documents.json");
        let given = GivenGateway {
            persisted_documents: Some(file.clone()),
            ..GivenGateway::default()
        };
        let hash = api::token_hash("{ a }");
        std::fs::write(&file, format!("{{\"{hash}\": \"{{ a }}\"}}")).unwrap();
        assert!(matches!(given.documents().unwrap(), PersistedDocuments::Listed(list) if list.len() == 1));
        std::fs::write(&file, format!("{{\"{hash}\": \"{{ b }}\"}}")).unwrap();
        let error = format!("{:#}", given.documents().err().unwrap());
        assert!(error.contains("SHA-256"), "{error}");
    }
}
