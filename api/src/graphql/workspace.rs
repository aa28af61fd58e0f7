//! Workspaces over GraphQL.

use async_graphql::SimpleObject;
use domain::workspace::{Command, Workspace as Aggregate};
use projections::workspace::{WorkspaceList, WorkspaceRow};

use super::kit::{DateTime, NodeId, evidence, mutations, queries};

mutations! {
    /// What may be asked of workspaces.
    WorkspaceMutation: Aggregate, Admin;

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

/// A workspace as it is now.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Workspace {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// The name to show.
    name: String,
    /// `active` or `archived`.
    status: String,
    /// When it was set up.
    created_at: DateTime,
    /// When it changed last.
    changed_at: DateTime,
}

impl From<WorkspaceRow> for Workspace {
    fn from(row: WorkspaceRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<WorkspaceList>(row.tenant_id, &row.id),
            local_id: row.id,
            name: row.name,
            status: row.status,
            created_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

evidence!(Workspace of WorkspaceList, |row| vec![("id", row.local_id.clone())]);

queries! {
    WorkspaceQuery: WorkspaceList, Read => Workspace, WorkspaceConnection, WorkspaceEdge;
    workspace("A workspace of the tenant; null when there is none of this id."),
    workspaces("The tenant's workspaces, newest first.", "the tenant's workspaces"),
    WorkspaceFilter {
        /// In this status: `active` or `archived`.
        status,
    },
    WorkspaceOrder, WorkspaceOrderField {
        /// When it was set up.
        CreatedAt => Moments created_at,
        /// When it changed last.
        ChangedAt => Moments changed_at,
        /// Its name.
        Name => Texts name,
    }
}
