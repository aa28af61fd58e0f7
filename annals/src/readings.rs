//! Which commands read what may say something about persons, and what is told of each.

use crate::audit::AuditCommand;
use crate::cli::{LogCommand, WebhooksCommand};
use crate::read_models::ReadModelCommand;
use crate::replay::ReplayArgs;
use crate::told::Reading;
use crate::webhook_sources::GivenWebhookSources;

impl LogCommand {
    /// What is told of it.
    pub(crate) fn reading(&self) -> Option<Reading> {
        match self {
            Self::Tail { read, .. } => Some(Reading::new("audit_log", "log tail", read.tenant.as_deref())),
            Self::Show { tenant, stream, .. } => {
                let command = format!("log show {stream}");
                Some(Reading::new("audit_log", &command, Some(tenant)))
            }
            Self::Stats { .. } => None,
        }
    }

    /// Whether it goes on until somebody ends it.
    pub(crate) const fn goes_on(&self) -> bool {
        matches!(self, Self::Tail { follow: true, .. })
    }
}

impl WebhooksCommand {
    /// What is told of it: bodies are as they came.
    pub(crate) fn reading(&self, sources: &GivenWebhookSources) -> Option<Reading> {
        let Self::List { found, json: true } = self else {
            return None;
        };
        let source = found.source.as_deref();
        let tenant = source.and_then(|source| sources.tenant_of(source));
        let command = named("ingest webhooks list", source);
        Some(Reading::new("webhooks", &command, tenant.as_deref()))
    }
}

impl ReadModelCommand {
    /// What is told of it: rows hold personal data in the clear.
    pub(crate) fn reading(&self) -> Option<Reading> {
        match self {
            Self::Diff { name, .. } => {
                let command = named("read-model diff", Some(name));
                Some(Reading::new("read_models", &command, None))
            }
            Self::Explain(args) => {
                let command = format!("read-model explain {} {}", args.name, args.key.join(" "));
                Some(Reading::new("read_models", &command, Some(&args.tenant)))
            }
            Self::Verify(args) => {
                let command = named("read-model verify", args.name.as_deref());
                Some(Reading::new("read_models", &command, args.tenant.as_deref()))
            }
            Self::List { .. }
            | Self::Status(_)
            | Self::Rebuild(_)
            | Self::Accept { .. }
            | Self::Switch { .. }
            | Self::Rollback { .. }
            | Self::Discard { .. }
            | Self::Parked { .. }
            | Self::Resume { .. } => None,
        }
    }
}

impl ReplayArgs {
    /// What is told of it.
    pub(crate) fn reading(&self) -> Reading {
        let command = named("replay", self.entity.as_deref());
        Reading::new("audit_log", &command, Some(&self.tenant))
    }
}

impl AuditCommand {
    /// What is told of it; exports are told where they are made.
    pub(crate) fn reading(&self) -> Option<Reading> {
        match self {
            Self::Report(args) => Some(Reading::new("audit_log", "audit report", Some(&args.tenant))),
            Self::Prove(args) => {
                let command = format!("audit prove {}", args.position);
                Some(Reading::new("export", &command, Some(&args.tenant)))
            }
            Self::Feed(_)
            | Self::Keys
            | Self::Checkpoint { .. }
            | Self::Consistency { .. }
            | Self::Export(_)
            | Self::Verify(_)
            | Self::Cosign { .. }
            | Self::RotateKey { .. } => None,
        }
    }
}

fn named(command: &str, of: Option<&str>) -> String {
    of.map_or_else(|| command.to_owned(), |of| format!("{command} {of}"))
}
