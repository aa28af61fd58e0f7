//! Connectors over GraphQL.

use domain::connector::{Command, Connector as Aggregate};

use super::kit::{AttributeInput, attributes, mutations, parsed, payload};

payload!(ConnectorPayload, "a connector's command");

mutations! {
    /// What may be asked of connectors.
    ConnectorMutation: Aggregate, Write => ConnectorPayload;

    /// Sets a connector up: what brings records from a foreign system.
    register_connector(Creating, RegisterConnectorInput {
        /// The name to show.
        name: String,
        /// Its source and form, for instance `csv_file`.
        kind: String,
        /// Names and values that its kind understands; no secrets.
        #[graphql(default)]
        settings: Vec<AttributeInput>,
    })
    |input| Command::Register {
        name: input.name,
        kind: input.kind,
        settings: attributes("settings", input.settings)?,
    };

    /// Replaces a connector's settings.
    reconfigure_connector(Changing, ReconfigureConnectorInput {
        /// Names and values that its kind understands; no secrets.
        settings: Vec<AttributeInput>,
    })
    |input| Command::Reconfigure { settings: attributes("settings", input.settings)? };

    /// Takes down that a connector has other credentials.
    replace_connector_credentials(Changing, ReplaceConnectorCredentialsInput {
        /// The SHA-256 of the new ones, in 64 lower-case hexadecimal digits; never the secret itself.
        fingerprint: String,
    })
    |input| Command::ReplaceCredentials { fingerprint: parsed("fingerprint", &input.fingerprint)? };

    /// Lets a connector rest.
    pause_connector(Changing, PauseConnectorInput {
        /// Why.
        reason: String,
    })
    |input| Command::Pause { reason: input.reason };

    /// Lets a connector work again.
    resume_connector(Changing, ResumeConnectorInput {})
    |_| Command::Resume;

    /// Takes a connector away for good.
    remove_connector(Changing, RemoveConnectorInput {
        /// Why.
        reason: String,
    })
    |input| Command::Remove { reason: input.reason };
}
