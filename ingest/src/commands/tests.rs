//! The list against the domain's own types.

use domain::Event;

use super::{AGGREGATE_TYPES, Commands};
use crate::csv_file::Catalog;

#[test]
fn every_listed_aggregate_is_one_of_the_domain() {
    for aggregate in AGGREGATE_TYPES {
        assert!(Event::AGGREGATE_TYPES.contains(aggregate), "{aggregate}");
    }
}

#[test]
fn every_command_shows_the_fields_that_it_takes() {
    let shown: Vec<String> = Commands
        .command_types()
        .into_iter()
        .map(|name| format!("{name}({})", Commands.command_fields(&name).unwrap().join(", ")))
        .collect();
    assert_eq!(
        shown,
        [
            "agent.configure(name, vertical, prompt, model, tools)",
            "agent.revise(prompt, model, tools)",
            "agent.retire(reason)",
            "agent_run.start(agent, vertical, goal, lead, opportunity, claim)",
            "agent_run.record_model_call(provider, model, input_tokens, cached_tokens, output_tokens, cost)",
            "agent_run.record_tool_call(tool, outcome, duration_ms)",
            "agent_run.complete(outcome, result)",
            "agent_run.fail(reason)",
            "agent_run.cancel(reason)",
            "claim.submit(vertical, payer, billed, service_date, patient)",
            "claim.adjudicate(allowed, paid, reason_codes)",
            "claim.deny(reason_codes, reason)",
            "claim.appeal(reason)",
            "claim.recover(amount)",
            "claim.reverse_payment(amount, reason)",
            "lead.capture(vertical, source, name, email, phone)",
            "lead.enrich(attributes)",
            "lead.qualify(score)",
            "lead.assign(assignee)",
            "lead.contact(channel)",
            "lead.convert(opportunity)",
            "lead.disqualify(reason)",
            "opportunity.open(title, stage, vertical, account, owner, product, lead, expected)",
            "opportunity.change_stage(stage)",
            "opportunity.win(value)",
            "opportunity.lose(reason)",
            "opportunity.reopen(reason)",
            "subscription.start(plan, price, customer)",
            "subscription.change_plan(plan, price)",
            "subscription.renew_plan()",
            "subscription.pause(reason)",
            "subscription.resume()",
            "subscription.cancel(reason)",
            "subscription.mark_past_due()",
            "subscription.mark_current()",
            "subscription.apply_coupon(coupon)",
            "subscription.grant_credit(credit)",
            "subscription.set_taxes(taxes)",
            "subscription.receive_payment(amount, invoice)",
            "subscription.fail_payment(amount, reason, invoice)",
            "subscription.dispute_payment(dispute, amount, reason)",
            "subscription.close_dispute(dispute, outcome, amount)",
        ]
    );
}

#[test]
fn who_administers_a_tenant_is_not_in_the_list() {
    for command in [
        "tenant.suspend",
        "member.invite",
        "api_key.issue",
        "lead.fly",
        "lead",
    ] {
        assert_eq!(Commands.command_fields(command), None, "{command}");
    }
}
