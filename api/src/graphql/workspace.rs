//! Workspaces over GraphQL.

use domain::workspace::{Command, Workspace as Aggregate};

use super::kit::{mutations, payload};

payload!(WorkspacePayload, "a workspace's command");

mutations! {
    /// What may be asked of workspaces.
    WorkspaceMutation: Aggregate, Admin => WorkspacePayload;

    /// Sets a workspace up.
    create_workspace(Creating, CreateWorkspaceInput {
        /// The name to show.
        name: String,
    })
    |input| Command::Create { name: input.name };

    /// Calls a workspace something else.
    rename_workspace(Changing, RenameWorkspaceInput {
        /// The name to show.
        name: String,
    })
    |input| Command::Rename { name: input.name };

    /// Puts a workspace away for good.
    archive_workspace(Changing, ArchiveWorkspaceInput {})
    |_| Command::Archive;
}
