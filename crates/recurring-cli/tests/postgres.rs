//! The program with a journal in PostgreSQL.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops by panicking")]

mod common;

use common::Sandbox;
use recurring_fixtures::postgres::{Cluster, TlsServer};
use serde_json::json;

fn eight_processes_on_one_name_send_once() {
    let sandbox = Sandbox::recording("eight-postgres");
    common::eight_at_once(&sandbox, "in-postgres", &Cluster::shared().database());
}

fn backup_of_postgres_names_its_own_tools() {
    let sandbox = Sandbox::start("backup-postgres");
    let journal = Cluster::shared().database();
    assert_eq!(sandbox.recorded_in(&journal, &["journal", "list"]).0, 2, "there is none");
    let (code, lines) = sandbox.recorded_in(&journal, &["journal", "create"]);
    assert_eq!((code, &lines[0]["kind"]), (0, &json!("postgres")), "{lines:?}");
    assert_eq!(sandbox.recorded_in(&journal, &["journal", "create"]).0, 2);
    let file = sandbox.file("copy");
    let (code, _, errors) = sandbox.told(&[("RECURRING_JOURNAL", &journal)], &["journal", "backup", &file]);
    assert_eq!(code, 2);
    assert!(errors.contains("pg_dump") && errors.contains("acknowledge-failover"), "{errors}");
    let words = ["journal", "acknowledge-failover", "--by", "ann", "--why", "drill"];
    let (code, _, errors) = sandbox.told(&[("RECURRING_JOURNAL", &journal)], &words);
    assert_eq!(code, 2, "nothing has taken over: {errors}");
}

fn tls_is_verified_against_the_root_and_the_name() {
    let (server, sandbox) = (TlsServer::start(), Sandbox::start("postgres-tls"));
    let (root, other) = (server.root().display().to_string(), server.other_root().display().to_string());
    let address =
        |host: &str, options: &str| format!("postgres://app@{host}:{}/billing?{options}", server.port());
    let password = ("PGPASSWORD", TlsServer::PASSWORD);
    let create = |address: &str, variables: &[(&str, &str)]| {
        let variables = [&[("RECURRING_JOURNAL", address)], variables].concat();
        let (code, lines, errors) = sandbox.told(&variables, &["journal", "create"]);
        assert!(!format!("{lines:?}{errors}").contains(TlsServer::PASSWORD), "{lines:?} {errors}");
        (code, errors)
    };
    let full = format!("sslmode=verify-full&sslrootcert={root}");
    for (host, options, says) in [
        // Another root, the platform's roots, another name, a root that is not there.
        ("localhost", format!("sslmode=verify-full&sslrootcert={other}"), "UnknownIssuer"),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={other}"), "UnknownIssuer"),
        ("localhost", "sslmode=verify-full".to_owned(), "UnknownIssuer"),
        ("localhost", "sslmode=require".to_owned(), "UnknownIssuer"),
        ("127.0.0.1", full.clone(), "not valid for name"),
        ("localhost", "sslmode=verify-ca".to_owned(), "sslrootcert"),
        ("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem".to_owned(), "/nowhere.pem"),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={}", root.replace(".pem", ".key")),
            "root certificate",
        ),
        ("localhost", "sslmode=hunter3-secret".to_owned(), "verify-full"),
    ] {
        let (code, errors) = create(&address(host, &options), &[password]);
        assert!(matches!(code, 2 | 6) && errors.contains(says), "{host} {options}: {code} {errors}");
        assert!(!errors.contains("hunter3"), "{errors}");
    }
    let (code, errors) = create(&address("localhost", &full), &[("PGPASSWORD", "wrong-hunter2-secret")]);
    assert!(matches!(code, 2 | 6) && errors.contains("password authentication failed"), "{errors}");

    // With the right root and password, and the line break of a mounted secret.
    let (code, errors) = create(&format!("{}\r\n", address("localhost", &full)), &[password]);
    assert_eq!(code, 0, "{errors}");
    let info = |address: &str, variables: &[(&str, &str)]| {
        let variables = [&[("RECURRING_JOURNAL", address)], variables].concat();
        let (code, lines, errors) = sandbox.told(&variables, &["journal", "info"]);
        assert_eq!(code, 0, "{address}: {lines:?} {errors}");
        assert!(!format!("{lines:?}{errors}").contains(TlsServer::PASSWORD), "{lines:?} {errors}");
    };
    let ca = format!("sslmode=verify-ca&sslrootcert={}", root.replace('/', "%2F"));
    info(&address("127.0.0.1", &ca), &[password]);
    let plain = format!("postgres://app@localhost:{}/billing", server.port());
    info(&plain, &[password, ("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", &root)]);
    let file = sandbox.file("passwords");
    let line =
        format!("elsewhere:*:*:*:no\nlocalhost:{}:billing:app:{}\n", server.port(), TlsServer::PASSWORD);
    std::fs::write(&file, line).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode));
        mode(0o644).expect("open to others");
        let (code, errors) = create(&address("localhost", &full), &[("PGPASSFILE", &file)]);
        assert!(code == 2 && errors.contains("chmod 600"), "{errors}");
        mode(0o600).expect("closed");
    }
    info(&address("localhost", &full), &[("PGPASSFILE", &file)]);

    // On the command line an address has no password in it.
    let secret = format!("postgres://app:{}@localhost/billing", TlsServer::PASSWORD);
    let (code, _, errors) = sandbox.told(&[], &["journal", "info", "--journal", &secret]);
    assert!(code == 2 && errors.contains("RECURRING_JOURNAL") && errors.contains("PGPASSFILE"), "{errors}");
    assert!(!errors.contains(TlsServer::PASSWORD), "{errors}");
}

fn plain_text_to_another_machine_is_refused() {
    let (server, sandbox) = (TlsServer::start(), Sandbox::start("postgres-plain"));
    let command = |word: &str, host: &str, options: &str, mode: Option<&str>| {
        let address = format!("postgres://app@{host}:{}/plain?{options}", server.port());
        let mut variables =
            vec![("RECURRING_JOURNAL", address.as_str()), ("PGPASSWORD", TlsServer::PASSWORD)];
        variables.extend(mode.map(|mode| ("PGSSLMODE", mode)));
        let (code, lines, errors) = sandbox.told(&variables, &["journal", word]);
        assert!(!format!("{lines:?}{errors}").contains(TlsServer::PASSWORD), "{lines:?} {errors}");
        (code, errors)
    };
    // An address that leads to this machine, and is not a loopback one.
    let elsewhere = "0.0.0.0";
    for (host, options, mode) in [
        (elsewhere, "sslmode=disable", None),
        (elsewhere, "", Some("disable")),
        (elsewhere, "sslmode=disable&dangerous_plaintext=false", None),
        ("localhost", "sslmode=disable&hostaddr=0.0.0.0", None),
        ("billing.example", "sslmode=disable", None),
    ] {
        let (code, errors) = command("create", host, options, mode);
        assert_eq!(code, 2, "{host} {options}: {errors}");
        assert!(errors.contains("verify-full") && errors.contains("dangerous_plaintext=true"), "{errors}");
    }
    // A server whose certificate is not trusted is not asked again without TLS.
    for options in ["sslmode=prefer", "", "dangerous_plaintext=true"] {
        let (code, errors) = command("create", elsewhere, options, None);
        assert!(matches!(code, 2 | 6) && errors.contains("UnknownIssuer"), "{options}: {code} {errors}");
    }
    let (code, errors) = command("create", elsewhere, "sslmode=disable&dangerous_plaintext=true", None);
    assert_eq!(code, 0, "{errors}");
    for (host, options) in [
        ("localhost", "sslmode=disable"),
        ("127.0.0.1", "sslmode=disable"),
        ("localhost", "hostaddr=127.0.0.1&sslmode=disable"),
    ] {
        let (code, errors) = command("info", host, options, None);
        assert_eq!(code, 0, "{host} {options}: {errors}");
    }
}

recurring_fixtures::tests! {
    needs PostgreSql: [
        tls_is_verified_against_the_root_and_the_name, plain_text_to_another_machine_is_refused,
        eight_processes_on_one_name_send_once, backup_of_postgres_names_its_own_tools];
}
