//! Members over GraphQL.

use async_graphql::Enum;
use domain::member::{Command, Member as Aggregate, Role as DomainRole};
use domain::{Email, Personal};

use super::kit::{UserError, mutations, payload};

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

payload!(MemberPayload, "a member's command");

mutations! {
    /// What may be asked of members.
    MemberMutation: Aggregate, Admin => MemberPayload;

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
