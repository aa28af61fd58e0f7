//! Leads over GraphQL.

use async_graphql::{ID, SimpleObject};
use domain::lead::{Command, Lead as Aggregate};
use domain::{Email, Personal, Phone};
use projections::lead::{LeadList, LeadRow};

use super::kit::{
    Attribute, AttributeInput, DateTime, NodeId, UserError, attributes, evidence, mutations, optional,
    parsed, queries, related,
};
use super::opportunity::Opportunity;
use super::people::{Worker, worker};

mutations! {
    /// What may be asked of leads.
    LeadMutation: Aggregate, Write;

    /// Takes down a new lead: somebody who may become a customer.
    capture_lead(Creating, CaptureLeadInput {
        /// The line of business it belongs to, for instance "sales".
        vertical: String,
        /// Where it came from: a campaign, a widget, a list.
        source: String,
        /// The person's name.
        name: Option<String>,
        /// The person's e-mail address (name@example.org).
        email: Option<String>,
        /// The person's phone number with its country code (+49 30 123456).
        phone: Option<String>,
    })
    |input| Command::Capture {
        vertical: parsed("vertical", &input.vertical)?,
        source: input.source,
        name: input.name.map(Personal::new),
        email: optional("email", input.email, Email::parse)?.map(Personal::new),
        phone: optional("phone", input.phone, Phone::parse)?.map(Personal::new),
    };

    /// Adds what was found out about a lead.
    enrich_lead(Changing, EnrichLeadInput {
        /// What was found out, for instance `company_size: 120`.
        attributes: Vec<AttributeInput>,
    })
    |input| Command::Enrich { attributes: attributes("attributes", input.attributes)? };

    /// Says that a lead is worth the sales team's time.
    qualify_lead(Changing, QualifyLeadInput {
        /// From 0 to 100.
        score: i32,
    })
    |input| Command::Qualify {
        score: u8::try_from(input.score)
            .map_err(|_| UserError::invalid(&["score"], &format!("{} is not between 0 and 100", input.score)))?,
    };

    /// Gives a lead to somebody.
    assign_lead(Changing, AssignLeadInput {
        /// The member or agent who takes it.
        assignee: ID,
    })
    |input, ids| Command::Assign { assignee: ids.input("assignee", &["member", "agent"], input.assignee)? };

    /// Notes that somebody reached out to a lead.
    contact_lead(Changing, ContactLeadInput {
        /// How: `email`, `phone`, `chat`, ...
        channel: String,
    })
    |input| Command::Contact { channel: input.channel };

    /// Turns a lead into a customer or an opportunity.
    convert_lead(Changing, ConvertLeadInput {
        /// The opportunity that came of it.
        opportunity: Option<ID>,
    })
    |input, ids| Command::Convert {
        opportunity: ids.optional("opportunity", &["opportunity"], input.opportunity)?,
    };

    /// Gives a lead up.
    disqualify_lead(Changing, DisqualifyLeadInput {
        /// Why.
        reason: String,
    })
    |input| Command::Disqualify { reason: input.reason };
}

/// A lead as it is now: somebody who may become a customer.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Lead {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// The line of business it belongs to.
    vertical: String,
    /// Where it came from.
    source: String,
    /// `new`, `qualified`, `converted` or `disqualified`.
    status: String,
    /// The person's name.
    name: Option<String>,
    /// The person's e-mail address, in lower case.
    email: Option<String>,
    /// The person's phone number, in E.164.
    phone: Option<String>,
    /// The id of the member or agent who has it.
    assignee_id: Option<String>,
    /// From 0 to 100.
    score: Option<i64>,
    /// How often somebody reached out.
    contacts: i64,
    /// The id of the opportunity that came of it.
    opportunity_id: Option<String>,
    /// Why it was given up.
    reason: Option<String>,
    /// What was found out about it.
    attributes: Vec<Attribute>,
    /// When it was captured.
    captured_at: DateTime,
}

impl From<LeadRow> for Lead {
    fn from(row: LeadRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<LeadList>(row.tenant_id, &row.id),
            local_id: row.id,
            vertical: row.vertical.into(),
            source: row.source,
            status: row.status,
            name: row.name,
            email: row.email,
            phone: row.phone,
            assignee_id: row.assignee,
            score: row.score,
            contacts: row.contacts,
            opportunity_id: row.opportunity,
            reason: row.reason,
            attributes: row.attributes.into_iter().map(Attribute::from).collect(),
            captured_at: row.created_at.into(),
        }
    }
}

evidence!(Lead of LeadList, |row| vec![("id", row.local_id.clone())], ctx {
    /// Who has it, if it is a member or an agent of the tenant.
    assignee: Worker => worker(ctx, row.assignee_id.as_deref(), row.as_of),
    /// The opportunity that came of it, if the tenant has it.
    opportunity: Opportunity => related(ctx, row.opportunity_id.as_deref(), row.as_of),
});

queries! {
    LeadQuery: LeadList, Read => Lead, LeadConnection, LeadEdge;
    lead("A lead of the tenant; null when there is none of this id."),
    leads("The tenant's leads, newest first.", "the tenant's leads"),
    LeadFilter {
        /// Of this line of business.
        vertical,
        /// From this source.
        source,
        /// In this status: `new`, `qualified`, `converted` or `disqualified`.
        status,
        /// That this member or agent has.
        assignee ["member", "agent"],
    },
    LeadOrder, LeadOrderField {
        /// When it was captured.
        CapturedAt => Moments created_at,
        /// Its score; one without counts as less than any.
        Score => NumbersIfAny score,
        /// How often somebody reached out.
        Contacts => Numbers contacts,
    }
}
