//! Proofs, verified with nothing but the public key; and all that is no proof.

use std::fs;

use serde_json::{Value, json};
use store::{At, Invalid, Proven, SealError};

use super::ground::{ground, told};

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_proven_to_whoever_has_the_public_key() {
    let ground = ground().await;
    ground.capture(0..70).await;
    ground.seal().await;
    let acme = ground.acme.tenant;
    let positions: Vec<u64> = std::iter::once(1)
        .chain((0..70).filter(|n| n % 3 != 2).map(|n| n + 3))
        .collect();
    for (number, position) in (0..).zip(&positions) {
        let proof = ground
            .seals()
            .inclusion(acme, *position, At::Newest)
            .await
            .unwrap();
        assert_eq!((proof.index, proof.leaf.position), (number, *position));
        fs::write(ground.file("event"), proof.file().unwrap()).unwrap();
        match ground.verify("event").await.unwrap() {
            Proven::Event {
                position: at,
                index,
                checkpoint,
                ..
            } => {
                assert_eq!(
                    (at, index, checkpoint.size),
                    (*position, number, positions.len() as u64)
                );
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told(&ground.audit().await), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn any_range_of_a_tenants_events_is_exported_whole() {
    let ground = ground().await;
    ground.capture(0..40).await;
    ground.seal().await;
    // Another checkpoint, so that ranges end inside of the tree.
    ground.capture(40..50).await;
    ground.seal().await;
    let is_acmes = |position: &u64| *position == 1 || (*position >= 3 && (position - 3) % 3 != 2);
    for (after, upto) in [
        (0, 99),
        (0, 1),
        (0, 0),
        (1, 2),
        (5, 5),
        (4, 17),
        (30, 52),
        (31, 99),
        (51, 52),
        (52, 52),
    ] {
        ground.export("export", (after, upto)).await;
        let expected = (after + 1..=upto.min(52)).filter(is_acmes).count() as u64;
        match ground
            .verify("export")
            .await
            .unwrap_or_else(|error| panic!("{after} {upto}: {error}"))
        {
            Proven::Export { events, .. } => assert_eq!(events, expected, "{after} {upto}"),
            other => panic!("{other:?}"),
        }
    }
    let none = ground
        .seals()
        .completeness(ground.acme.tenant, 60, 50)
        .await
        .unwrap_err();
    assert!(matches!(none, SealError::NoRange { after: 60, .. }), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_checkpoint_is_the_beginning_of_those_after_it() {
    let ground = ground().await;
    for number in 0..12 {
        ground.capture(number * 7..number * 7 + 7).await;
        ground.seal().await;
    }
    let acme = ground.acme.tenant;
    let newest = ground
        .seals()
        .checkpoint(acme, At::Newest)
        .await
        .unwrap()
        .checkpoint
        .size;
    let mut sizes = Vec::new();
    for size in 1..=newest {
        if ground.seals().checkpoint(acme, At::Size(size)).await.is_ok() {
            sizes.push(size);
        }
    }
    assert_eq!(sizes.len(), 12);
    for (index, from) in sizes.iter().enumerate() {
        for to in &sizes[index..] {
            let proof = ground
                .seals()
                .consistency(acme, *from, At::Size(*to))
                .await
                .unwrap();
            fs::write(ground.file("proof"), proof.file().unwrap()).unwrap();
            assert!(
                matches!(ground.verify("proof").await, Ok(Proven::Consistency { .. })),
                "{from} {to}"
            );
        }
    }
    let other = ground
        .seals()
        .checkpoint(ground.other.tenant, At::Newest)
        .await
        .unwrap();
    let proof = ground
        .seals()
        .consistency(acme, sizes[0], At::Newest)
        .await
        .unwrap();
    let mut mixed: Value = serde_json::from_str(&proof.file().unwrap()).unwrap();
    mixed["to"] = json!(other.note);
    assert!(
        ground
            .refusal(&format!("{mixed}\n"))
            .await
            .contains("does not lead to the root")
    );
    let error = ground
        .seals()
        .consistency(acme, sizes[0] + 1, At::Newest)
        .await
        .unwrap_err();
    let next = format!(
        "no checkpoint was signed at the size {}; the next one was at {}",
        sizes[0] + 1,
        sizes[1]
    );
    assert_eq!(error.to_string(), next);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_another_tenants_event_is_refused() {
    let ground = ground().await;
    ground.capture(0..12).await;
    ground.seal().await;
    // Position 5 is the other tenant's.
    let error = ground
        .seals()
        .inclusion(ground.acme.tenant, 5, At::Newest)
        .await
        .unwrap_err();
    assert!(matches!(error, SealError::NoEvent { position: 5 }), "{error}");
    let error = ground
        .seals()
        .inclusion(ground.acme.tenant, 500, At::Newest)
        .await
        .unwrap_err();
    assert!(matches!(error, SealError::NoEvent { .. }), "{error}");

    let proof = ground
        .seals()
        .inclusion(ground.other.tenant, 5, At::Newest)
        .await
        .unwrap()
        .file()
        .unwrap();
    let acmes = ground
        .seals()
        .checkpoint(ground.acme.tenant, At::Newest)
        .await
        .unwrap();
    let (head, _) = proof.split_once("\n\n").unwrap();
    let reason = ground.refusal(&format!("{head}\n\n{}", acmes.note)).await;
    assert!(
        reason.contains("position 5 is tenant") && reason.contains(&acmes.checkpoint.origin),
        "{reason}"
    );

    let export = fs::read_to_string(ground.export("export", (0, 99)).await).unwrap();
    let stolen = export.replace(&ground.acme.tenant.to_string(), &ground.other.tenant.to_string());
    let reason = ground.refusal(&stolen).await;
    assert!(
        reason.contains("does not fit the text") || reason.contains("no known key"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_not_sealed_yet_has_no_proof_yet() {
    let ground = ground().await;
    let error = ground
        .seals()
        .inclusion(ground.acme.tenant, 1, At::Newest)
        .await
        .unwrap_err();
    assert!(matches!(error, SealError::NothingSealed), "{error}");
    ground.seal().await;
    ground.capture(0..1).await;
    let error = ground
        .seals()
        .inclusion(ground.acme.tenant, 3, At::Newest)
        .await
        .unwrap_err();
    assert!(matches!(error, SealError::NotYet { position: 3 }), "{error}");
    ground.seal().await;
    assert!(
        ground
            .seals()
            .inclusion(ground.acme.tenant, 3, At::Newest)
            .await
            .is_ok()
    );
    let error = ground
        .seals()
        .inclusion(ground.acme.tenant, 3, At::Size(1))
        .await
        .unwrap_err();
    assert!(matches!(error, SealError::NotYet { position: 3 }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_cut_changed_or_filled_up_is_refused_and_the_place_named() {
    let ground = ground().await;
    ground.capture(0..60).await;
    ground.seal().await;
    let export = fs::read_to_string(ground.export("export", (3, 40)).await).unwrap();
    assert!(ground.verify("export").await.is_ok());
    let lines: Vec<&str> = export.lines().collect();
    let of = |lines: &[&str]| lines.join("\n") + "\n";
    let events = lines.len() - 1;

    let cut = of(&lines[..events - 4]);
    let truncated = format!(
        "ends after {} of its {events} events: it is truncated",
        events - 5
    );
    assert!(ground.refusal(&cut).await.contains(&truncated));
    assert!(
        ground
            .refusal(&export[..export.len() - 40])
            .await
            .contains(&format!("after {} of its", events - 1))
    );
    assert!(
        ground
            .refusal(&of(&lines[..1]))
            .await
            .contains("ends after 0 of its")
    );

    let without = [&lines[..5], &lines[6..]].concat();
    assert!(ground.refusal(&of(&without)).await.contains("truncated"));
    let twice = [&lines[..6], &lines[5..]].concat();
    assert!(
        ground
            .refusal(&of(&twice))
            .await
            .contains("is out of order, or out of the range")
    );
    let swapped = [&lines[..5], &[lines[6], lines[5]], &lines[7..]].concat();
    assert!(
        ground
            .refusal(&of(&swapped))
            .await
            .contains("is out of order, or out of the range")
    );
    let mut longer = lines.clone();
    longer.push(lines[events]);
    assert!(ground.refusal(&of(&longer)).await.contains("has more than"));

    let changed = export.replacen(r#"\"source\":\"test\""#, r#"\"source\":\"best\""#, 1);
    assert_ne!(changed, export);
    assert!(
        ground
            .refusal(&changed)
            .await
            .contains("the event at position 4 was changed")
    );
    let later = export.replacen("\"sequence\":1", "\"sequence\":2", 1);
    assert!(ground.refusal(&later).await.contains("does not lead to the root"));

    // A range that claims more than its neighbours allow.
    let header: Value = serde_json::from_str(lines[0]).unwrap();
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        // Its first field tells what it is.
        let text = header
            .to_string()
            .replacen(r#"{"after""#, r#"{"annals_export":1,"after""#, 1);
        let text = text.replacen(r#","annals_export":1"#, "", 1);
        of(&[&[text.as_str()], &lines[1..]].concat())
    };
    for (name, value, reason) in [
        (
            "after",
            json!(0),
            "the leaf before its first event is not before it",
        ),
        (
            "upto",
            json!(60),
            "the leaf behind its last event is not behind it",
        ),
        ("before", json!(null), "the leaf before"),
        ("behind", json!(null), "the leaf behind"),
        ("first", json!(3), "does not lead"),
        ("events", json!(events - 1), "has more than"),
        ("events", json!(events + 1), "is truncated"),
        ("left", json!([]), "does not lead"),
        ("right", json!([]), "does not lead"),
    ] {
        let told = ground.refusal(&with(name, value)).await;
        assert!(told.contains(reason), "{name}: {told}");
    }
    for text in [
        "",
        "year,amount\n",
        "{}\n",
        "{\"annals_export\":1}\n",
        "c2sp.org/tlog-proof@v1\n",
    ] {
        let told = ground.refusal(text).await;
        assert!(
            told.contains("neither a proof nor a checkpoint"),
            "{text:?}: {told}"
        );
    }
    let newer = export.replacen("\"annals_export\":1", "\"annals_export\":2", 1);
    assert!(ground.refusal(&newer).await.contains("a proof of version 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_somebody_else_signed_again_is_refused() {
    let ground = ground().await;
    ground.capture(0..20).await;
    ground.seal().await;
    let honest = ground.trusted().await;
    let whole = fs::read_to_string(ground.export("honest", (0, 99)).await).unwrap();
    // Whoever owns the database changes an event, forgets that it was ever sealed, and seals it again.
    ground
        .tamper(&[
            // It says what another one says, and has that one's hash: a row that is right in itself.
            "update events e set (aggregate_id, event_id, payload, metadata, hash) = (select o.aggregate_id, \
             o.event_id, o.payload, o.metadata, o.hash from events o where o.position = 13), sequence = 7 \
             where e.position = 10",
            "delete from seal_checkpoints",
            "delete from seal_tiles",
            "delete from seal_trees",
            "delete from seal_keys",
            "delete from seal_head",
        ])
        .await;
    let forger = ground.file("forger");
    let mut sealer = ground.try_sealer(forger, 66).await.unwrap();
    sealer.seal().await.unwrap();
    let path = ground.export("forged", (0, 99)).await;
    // All of it fits, and it is another history: under the forger's key nobody could tell.
    let forged = fs::read_to_string(&path).unwrap();
    let changed = |text: &str, line: usize| text.lines().nth(line).map(str::to_owned);
    let differing: Vec<usize> = (1..whole.lines().count())
        .filter(|line| changed(&whole, *line) != changed(&forged, *line))
        .collect();
    // Acme's events are at 1, 3, 4, 6, 7, 9, 10.
    assert_eq!(differing, [7]);
    let theirs = ground.trusted().await;
    assert!(store::verify_file(&path, &theirs, std::num::NonZeroUsize::MIN).is_ok());
    let refused = store::verify_file(&path, &honest, std::num::NonZeroUsize::MIN).unwrap_err();
    assert!(matches!(refused, Invalid::Note(_)), "{refused}");
    let told = refused.to_string();
    let acme = ground.acme.tenant;
    let shown =
        |trusted: &store::Trusted| trusted.for_origin(&format!("example.com/annals/{acme}"))[0].shown();
    assert_eq!(
        told,
        format!(
            "no known key signed the note: it was signed by {}; known are {}",
            shown(&theirs),
            shown(&honest)
        )
    );
}
