//! Master keys in files and texts: what opens, what does not, and what a rotation leaves.

use super::*;

fn place(key_id: &str) -> KeyPlace {
    KeyPlace {
        tenant: "01KJQ6PSG00000008000000001".parse().unwrap(),
        key_id: key_id.to_owned(),
    }
}

fn block<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

#[test]
fn a_data_key_opens_under_its_master_key_in_its_place_and_nowhere_else() {
    let keys = LocalKeys::of_text("a test", &LocalKeys::fresh_line().unwrap()).unwrap();
    let master = block(keys.current()).unwrap();
    let wrapped = block(keys.wrap(&[(place("a"), Zeroizing::new([7; 32]))])).unwrap();
    let open = |at: &str, wrapped: Vec<u8>| block(keys.unwrap(&master, &[(place(at), wrapped)]));
    assert_eq!(*open("a", wrapped[0].clone()).unwrap()[0], [7; 32]);
    for broken in [
        open("b", wrapped[0].clone()),
        open("a", wrapped[0][..40].to_vec()),
        open("a", vec![]),
    ] {
        assert!(matches!(broken, Err(VaultError::Wrapped { .. })));
    }
    let other = LocalKeys::of_text("another", &LocalKeys::fresh_line().unwrap()).unwrap();
    let error = block(other.unwrap(&master, &[(place("a"), wrapped[0].clone())])).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the master key {master} is not in another: personal data that it guards can't be read without it"
        )
    );
}

#[test]
fn a_file_gets_a_fresh_key_before_the_old_one_and_loses_the_old_one_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/master.key");
    LocalKeys::make_file(&file).unwrap();
    LocalKeys::make_file(&file).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (keys, running) = (
        LocalKeys::of_file(&file).unwrap(),
        LocalKeys::of_file(&file).unwrap(),
    );
    let old = keys.ids();
    let fresh = keys.add_fresh().unwrap();
    assert_eq!(keys.ids(), [fresh.clone(), old[0].clone()]);
    // Another process that read the file before finds the new key.
    assert!(running.find(&fresh).is_ok());
    assert_eq!(keys.remove_old().unwrap(), old);
    assert_eq!(LocalKeys::of_file(&file).unwrap().ids(), [fresh]);
}

#[test]
fn a_text_that_is_no_key_is_named_with_its_line() {
    let line = LocalKeys::fresh_line().unwrap();
    let error = LocalKeys::of_text("keys.txt", &format!("{line}\nhello")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("keys.txt: line 2: this is no master key"),
        "{error}"
    );
    let changed = line.replacen('A', "B", 1);
    assert!(LocalKeys::of_text("keys.txt", &changed).is_err());
    assert!(LocalKeys::of_text("keys.txt", "\n# nothing\n").is_err());
    assert!(matches!(
        LocalKeys::of_file(Path::new("/nowhere/master.key")),
        Err(VaultError::File { .. })
    ));
}
