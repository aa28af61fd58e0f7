//! A person is forgotten: everywhere, and the proofs hold.

use std::num::NonZeroUsize;

use domain::subject::{Command, Refusal, Subject};
use store::{AuditOrder, Certificate, Filter, ForgetError, Orders, Proven, StoreError, verify_file};

use super::ground::{Ground, ground, subject};

const SUBJECTS: [&str; 5] = ["lead/l1", "member/m1", "member/orgmem_1", "claim/c1", "user/ada"];

impl Ground {
    async fn forget(&self, id: &str) -> u64 {
        let forgotten = self.store.forget(&self.acme, &subject(id), "request 17").await;
        forgotten.unwrap().position
    }

    async fn hold(&self, id: &str, command: Command) {
        let id = subject(id);
        let done = self
            .store
            .execute::<Subject>(&self.acme, &id, Orders::one(command));
        done.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_person_is_forgotten_no_table_and_no_reader_tells_of_her_and_rebuilds_are_the_same() {
    let ground = ground().await;
    let reading = ground.fresh(2).await;
    let projector = ground.project(&reading);
    let last = ground.everything().await;
    ground.capture("other").await;
    projector.wait_for(last).await.unwrap();
    assert!(ground.tables_that_tell().await.contains(&"lead".to_owned()));
    // The other process has keys and events in memory.
    reading.log().page(0, &Filter::default(), 100).await.unwrap();

    let mut position = 0;
    for id in SUBJECTS {
        position = ground.forget(id).await;
    }
    projector.wait_for(position).await.unwrap();
    // The other lead is another subject: it stays.
    let rows: Vec<String> = sqlx::query_scalar("select t::text from lead t where name is not null")
        .fetch_all(&ground.owner().await)
        .await
        .unwrap();
    assert!(rows.len() == 1 && rows[0].contains("other"), "{rows:?}");
    ground.forget("lead/other").await;
    projector
        .wait_for(ground.store.log().head().await.unwrap())
        .await
        .unwrap();
    assert_eq!(ground.tables_that_tell().await, Vec::<String>::new());
    for store in [&ground.store, &reading] {
        let page = store.log().page(0, &Filter::default(), 100).await.unwrap();
        let mut follower = store.tail().follow(0, Filter::default());
        let step = follower.next().await.unwrap();
        let told = page.iter().chain(step.events.iter().map(AsRef::as_ref));
        for event in told.filter(|event| !event.event_type.starts_with("subject.")) {
            for word in super::ground::SECRETS {
                assert!(!event.payload.contains(word), "{}", event.payload);
            }
        }
    }
    // A projector that runs would fill the builds, too.
    projector.stop().await;
    assert_eq!(ground.differences(&reading).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_proofs_and_totals_stay_true_and_the_certificate_says_what_was_erased_where() {
    let ground = ground().await;
    let projector = ground.project(&ground.store);
    let last = ground.everything().await;
    projector.wait_for(last).await.unwrap();
    ground.seal().await;
    let seals = ground.store.log().seals();
    let export = ground.folder.path().join("before.ndjson");
    let mut file = std::fs::File::create(&export).unwrap();
    seals
        .export(ground.acme.tenant, (0, last), &mut file)
        .await
        .unwrap();
    let totals = "select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from roi_summary t";
    let owner = ground.owner().await;
    let before: String = sqlx::query_scalar(totals).fetch_one(&owner).await.unwrap();
    assert!(!before.is_empty());

    let position = ground.forget("lead/l1").await;
    assert_eq!(
        ground
            .store
            .certificate(ground.acme.tenant, position)
            .await
            .unwrap(),
        None
    );
    projector.wait_for(position).await.unwrap();
    ground.seal().await;

    let order = AuditOrder {
        trusted: Some(ground.trusted().await),
        ..AuditOrder::default()
    };
    let audited = seals.audit(&order).await.unwrap();
    assert!(audited.findings.is_empty(), "{:?}", audited.findings);
    let threads = NonZeroUsize::new(1).unwrap();
    let proven = verify_file(&export, &ground.trusted().await, threads).unwrap();
    assert!(
        matches!(proven, Proven::Export { events, .. } if events == last),
        "{proven:?}"
    );
    let after: String = sqlx::query_scalar(totals).fetch_one(&owner).await.unwrap();
    assert_eq!(after, before);

    let note = ground
        .store
        .certificate(ground.acme.tenant, position)
        .await
        .unwrap()
        .unwrap();
    let path = ground.folder.path().join("certificate");
    std::fs::write(&path, &note).unwrap();
    let Proven::Erasure(certificate) = verify_file(&path, &ground.trusted().await, threads).unwrap() else {
        panic!("{note}");
    };
    assert_eq!(certificate.subject, subject("lead/l1"));
    assert_eq!(certificate.position, position);
    let mut types: Vec<_> = certificate
        .keys
        .iter()
        .map(|key| key.event_type.as_str())
        .collect();
    types.sort_unstable();
    assert_eq!(types, ["lead.captured", "lead.enriched"]);
    assert_eq!(certificate.streams[0].stream, "lead/l1");
    assert_eq!(certificate.streams[0].events, 2);
    let models: Vec<_> = certificate
        .read_models
        .iter()
        .map(|model| (model.name.as_str(), model.rows))
        .collect();
    assert_eq!(models, [("audit_feed", 2), ("lead", 1)]);
    assert!(certificate.in_the_clear.is_empty());
    std::fs::write(&path, note.replace("lead/l1", "lead/l2")).unwrap();
    assert!(verify_file(&path, &ground.trusted().await, threads).is_err());
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twice_forgotten_is_once_and_what_comes_in_later_has_a_key_of_its_own() {
    let ground = ground().await;
    ground.capture("l1").await;
    let first = ground.forget("lead/l1").await;
    let again = ground
        .store
        .forget(&ground.acme, &subject("lead/l1"), "once more")
        .await
        .unwrap();
    assert_eq!((again.position, again.known), (first, true));
    ground.seal().await;
    let note = ground.store.certificate(ground.acme.tenant, first).await.unwrap();
    let known = ground
        .store
        .subject(ground.acme.tenant, &subject("lead/l1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.certificate, note);
    assert!(note.is_some());

    let later = ground.enrich("l1", "estate", "Ockham Park").await;
    let page = ground
        .store
        .log()
        .page(later - 1, &Filter::default(), 1)
        .await
        .unwrap();
    assert!(page[0].payload.contains("Ockham Park"));
    let second = ground.forget("lead/l1").await;
    assert!(second > later);
    let known = ground
        .store
        .subject(ground.acme.tenant, &subject("lead/l1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (known.keys, known.destroyed_keys, known.forgotten.len()),
        (0, 2, 2)
    );
    let page = ground
        .store
        .log()
        .page(later - 1, &Filter::default(), 1)
        .await
        .unwrap();
    assert!(!page[0].payload.contains("Ockham Park"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_unknown_or_another_tenants_or_under_legal_hold_is_not_forgotten() {
    let ground = ground().await;
    ground.capture("l1").await;
    let other = crate::support::tenant(&ground.store, "other").await;
    for (caller, id) in [(&ground.acme, "lead/nobody"), (&other, "lead/l1")] {
        let error = ground.store.forget(caller, &subject(id), "x").await.unwrap_err();
        assert!(matches!(error, ForgetError::Unknown(_)), "{error}");
        assert_eq!(
            error.to_string(),
            format!("nothing is known about {id} in this tenant")
        );
    }
    let place = |hold: &str| Command::PlaceHold {
        hold: hold.parse().unwrap(),
        reason: "court order".to_owned(),
    };
    ground.hold("lead/l1", place("case-4711")).await;
    let error = ground
        .store
        .forget(&ground.acme, &subject("lead/l1"), "x")
        .await
        .unwrap_err();
    let ForgetError::Log(StoreError::Refused(Refusal::UnderLegalHold(holds))) = &error else {
        panic!("{error}");
    };
    assert_eq!(holds, "case-4711");
    let page = ground.store.log().page(0, &Filter::default(), 10).await.unwrap();
    assert!(page.iter().any(|event| event.payload.contains("Lovelace")));
    let lift = Command::LiftHold {
        hold: "case-4711".parse().unwrap(),
        reason: "closed".to_owned(),
    };
    ground.hold("lead/l1", lift).await;
    ground.forget("lead/l1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_retention_erases_old_months_of_a_type_but_for_those_under_legal_hold() {
    use domain::retention::{self, Retention};
    use store::retention_id;
    let ground = ground().await;
    let projector = ground.project(&ground.store);
    for id in ["old", "held"] {
        ground.capture(id).await;
        ground.enrich(id, "estate", "Ockham Park").await;
    }
    let place = Command::PlaceHold {
        hold: "case-1".parse().unwrap(),
        reason: "court order".to_owned(),
    };
    ground.hold("lead/held", place).await;
    let rule = retention::Command::SetRule {
        event_type: "lead.captured".to_owned(),
        days: 60,
    };
    let id = retention_id(ground.acme.tenant);
    ground
        .store
        .execute::<Retention>(&ground.acme, &id, Orders::one(rule))
        .await
        .unwrap();
    ground.clock.advance(jiff::SignedDuration::from_hours(24 * 95));
    ground.capture("young").await;
    assert_eq!(
        ground.store.tenants_with_retention().await.unwrap(),
        [ground.acme.tenant]
    );
    let position = ground
        .store
        .apply_retention(&ground.acme, "lead.captured")
        .await
        .unwrap();
    projector.wait_for(position).await.unwrap();
    let rows: Vec<(String, Option<String>, String)> =
        sqlx::query_as("select id, name, attributes::text from lead order by id")
            .fetch_all(&ground.owner().await)
            .await
            .unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|(id, name, _)| (id.as_str(), name.is_some()))
        .collect();
    assert_eq!(told, [("held", true), ("old", false), ("young", true)]);
    // The rule is for one type: what the enrichment brought is kept.
    assert!(rows[1].2.contains("Ockham Park"), "{rows:?}");
    projector.stop().await;
    assert_eq!(ground.differences(&ground.store).await, Vec::<String>::new());
    let again = ground
        .store
        .apply_retention(&ground.acme, "lead.captured")
        .await
        .unwrap_err();
    assert!(
        again.to_string().contains("nothing older than the rule allows"),
        "{again}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_opens_under_its_own_tenant_only() {
    let ground = ground().await;
    ground.capture("l1").await;
    let position = ground.forget("lead/l1").await;
    ground.seal().await;
    let note = ground
        .store
        .certificate(ground.acme.tenant, position)
        .await
        .unwrap()
        .unwrap();
    let trusted = ground.trusted().await;
    assert_eq!(
        Certificate::open(&note, &trusted).unwrap().tenant,
        ground.acme.tenant
    );
    let other = note.replacen(&ground.acme.tenant.to_string(), "01KJQ6PSG00000008000000009", 1);
    assert!(Certificate::open(&other, &trusted).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_names_the_read_models_of_whatever_kind_of_subject_it_is() {
    let ground = ground().await;
    let projector = ground.project(&ground.store);
    let last = ground.everything().await;
    projector.wait_for(last).await.unwrap();
    let mut positions = Vec::new();
    for id in SUBJECTS {
        positions.push(ground.forget(id).await);
    }
    projector.wait_for(*positions.last().unwrap()).await.unwrap();
    projector.stop().await;
    ground.seal().await;
    let wanted: [&[(&str, u64)]; 5] = [
        &[("audit_feed", 2), ("lead", 1)],
        &[("audit_feed", 1), ("member", 1)],
        &[("audit_feed", 1), ("member", 1)],
        &[("audit_feed", 1), ("claim", 1)],
        &[("audit_feed", 1)],
    ];
    for ((id, position), wanted) in SUBJECTS.into_iter().zip(positions).zip(wanted) {
        let note = ground
            .store
            .certificate(ground.acme.tenant, position)
            .await
            .unwrap();
        let certificate = Certificate::open(&note.unwrap(), &ground.trusted().await).unwrap();
        assert_eq!(certificate.subject, subject(id));
        let rows = |list: &[store::MaskedRows]| -> Vec<(String, u64)> {
            list.iter()
                .map(|masked| (masked.name.clone(), masked.rows))
                .collect()
        };
        let named: Vec<(String, u64)> = wanted
            .iter()
            .map(|(name, rows)| ((*name).to_owned(), *rows))
            .collect();
        assert_eq!(rows(&certificate.read_models), named, "{id}");
        let webhooks = [("webhook_inbox".to_owned(), 2)];
        let beside: &[(String, u64)] = if id == "member/orgmem_1" { &webhooks } else { &[] };
        assert_eq!(rows(&certificate.beside), beside, "{id}");
    }
}
