//! Members over GraphQL.

use async_graphql::{Enum, SimpleObject};
use domain::member::{Command, Member as Aggregate, Role as DomainRole};
use domain::{Email, Personal};
use projections::member::{MemberList, MemberRow};

use super::kit::{DateTime, NodeId, UserError, evidence, mutations, queries};

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "DomainRole")]
pub(crate) enum Role {
    /// Everything, the tenant's end included.
    Owner,
    /// Everything but the tenant's end.
    Admin,
    /// The daily work.
    Member,
    /// Reads the results.
    Analyst,
    /// Reads everything, the audit feed included.
    Auditor,
}

mutations! {
    /// What may be asked of members.
    MemberMutation: Aggregate, Admin;

    /// Asks a person to join the tenant.
    invite_member(Creating, InviteMemberInput {
        /// The person's e-mail address (name@example.org).
        email: String,
        /// What the person will be allowed to do.
        role: Role,
        /// The person's name.
        name: Option<String>,
    })
    |input| Command::Invite {
        email: Email::parse(input.email)
            .map(Personal::new)
            .map_err(|error| UserError::invalid(&["email"], &error))?,
        role: input.role.into(),
        name: input.name.map(Personal::new),
    };

    /// Accepts an invitation.
    join_member(Changing, JoinMemberInput {
        /// The subject under which the identity provider knows the person.
        user: String,
    })
    |input| Command::Join { user: input.user };

    /// Allows a member more, or less.
    change_member_role(Changing, ChangeMemberRoleInput {
        /// What the person is allowed to do from now on.
        role: Role,
    })
    |input| Command::ChangeRole { role: input.role.into() };

    /// Takes a person out of the tenant.
    remove_member(Changing, RemoveMemberInput {
        /// Why.
        reason: String,
    })
    |input| Command::Remove { reason: input.reason };
}

/// A member as it is now: somebody who works in the tenant.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Member {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// The person's e-mail address, in lower case.
    email: String,
    /// The person's name.
    name: Option<String>,
    /// What the person may do; once removed, might do last.
    role: Role,
    /// The subject under which the identity provider knows the person, once joined.
    user: Option<String>,
    /// `invited`, `joined` or `removed`.
    status: String,
    /// Why the person was removed.
    reason: Option<String>,
    /// When the person was invited.
    invited_at: DateTime,
    /// When anything changed last.
    changed_at: DateTime,
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<MemberList>(row.tenant_id, &row.id),
            local_id: row.id,
            email: row.email,
            name: row.name,
            role: row.role.into(),
            user: row.subject,
            status: row.status,
            reason: row.reason,
            invited_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

evidence!(Member of MemberList, |row| vec![("id", row.local_id.clone())]);

queries! {
    MemberQuery: MemberList, Read => Member, MemberConnection, MemberEdge;
    member("A member of the tenant; null when there is none of this id."),
    members("The tenant's members, newest first.", "the tenant's members"),
    MemberFilter {
        /// In this status: `invited`, `joined` or `removed`.
        status,
        /// With this e-mail address, in lower case.
        email,
    },
    MemberOrder, MemberOrderField {
        /// When the person was invited.
        InvitedAt => Moments created_at,
        /// When anything changed last.
        ChangedAt => Moments changed_at,
        /// The e-mail address.
        Email => Texts email,
    }
}
