//! The keys of a playback in the terminal, each with what it does.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::tenant::story;

/// A playback in the terminal with these keys pressed: what it tells of the past, and what it says of itself.
fn played(url: &str, arguments: &[&str], keys: &[u8]) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args(["replay", "--tenant", "acme", "--database-url", url, "--data-dir"])
        .arg(folder.path())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(keys).unwrap();
    let output = program.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let told = String::from_utf8(output.stdout).unwrap();
    let said = said.lines().map(str::to_owned).collect();
    (told.matches("lead.captured").count(), said)
}

#[tokio::test]
async fn each_key_of_a_playback_in_the_terminal_does_what_it_says() {
    // Five leads, a minute apart.
    let (house, acme) = story(|_| ()).await;
    let positions = house.positions(&acme, 0).await;
    let last = positions[positions.len() - 1].to_string();
    let (url, before) = (house.url(), positions[positions.len() - 6].to_string());
    let range = ["--from", &before, "--to", &last];
    let play = |more: &[&str], keys: &[u8]| played(url, &[&range, more].concat(), keys);
    let third = positions[positions.len() - 3];

    // Paused: speeds change, a step is one event. Then it plays, the next one is told at once, it pauses, and ends.
    let (told, said) = play(&["--paused", "--speed", "8"], b"+---s n q");
    let pause = format!("paused before position {third}, ");
    let expected = [
        "speed 16x",
        "speed 8x",
        "speed 4x",
        "speed 2x",
        "goes on",
        &pause,
        &format!("ended before position {third}"),
    ];
    assert_eq!((told, said.len()), (2, expected.len()), "{said:?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said:?} is not {expected:?}");
    }
    // No slower than it was, and no faster than a thousand times.
    let (told, said) = play(&["--paused", "--speed", "1"], b"-++++++++++++-q");
    assert_eq!(told, 0);
    assert_eq!(said[..2], ["speed 1x", "speed 2x"]);
    assert_eq!(
        said[9..14],
        [
            "speed 512x",
            "speed 1000x",
            "speed 1000x",
            "speed 1000x",
            "speed 500x"
        ]
    );

    // Four minutes are over at once: by the next event each time, by the speed, and by what is skipped of them.
    let begun = Instant::now();
    let (told, said) = play(&["--speed", "1"], b"nnnnn");
    assert_eq!((told, said), (5, Vec::new()));
    let (told, said) = play(&["--speed", "1"], b"++++++++++");
    assert_eq!((told, said.len(), said[9].as_str()), (5, 10, "speed 1000x"));
    let (told, said) = play(&["--speed", "1000", "--skip-idle", "10"], b"");
    assert_eq!((told, said), (5, vec!["... PT50S".to_owned(); 4]));
    let (told, said) = play(&["--speed", "1", "--skip-idle", "0"], b"");
    assert_eq!((told, said), (5, vec!["... PT1M".to_owned(); 4]));
    assert!(
        begun.elapsed() < Duration::from_secs(120),
        "{:?}",
        begun.elapsed()
    );
    // Where nothing is left out, nothing is said of it.
    let (told, said) = play(&["--speed", "1000"], b"");
    assert_eq!((told, said), (5, Vec::new()));
}
