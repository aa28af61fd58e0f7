//! Leads over GraphQL.

use domain::lead::{Command, Lead as Aggregate};
use domain::{Email, Personal, Phone};

use super::kit::{AttributeInput, UserError, attributes, mutations, optional, parsed, payload};

payload!(LeadPayload, "a lead's command");

mutations! {
    /// What may be asked of leads.
    LeadMutation: Aggregate, Write => LeadPayload;

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
        assignee: String,
    })
    |input| Command::Assign { assignee: input.assignee };

    /// Notes that somebody reached out to a lead.
    contact_lead(Changing, ContactLeadInput {
        /// How: `email`, `phone`, `chat`, ...
        channel: String,
    })
    |input| Command::Contact { channel: input.channel };

    /// Turns a lead into a customer or an opportunity.
    convert_lead(Changing, ConvertLeadInput {
        /// The opportunity that came of it.
        opportunity: Option<String>,
    })
    |input| Command::Convert { opportunity: input.opportunity };

    /// Gives a lead up.
    disqualify_lead(Changing, DisqualifyLeadInput {
        /// Why.
        reason: String,
    })
    |input| Command::Disqualify { reason: input.reason };
}
