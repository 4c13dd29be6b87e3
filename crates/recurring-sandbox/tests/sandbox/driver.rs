//! A real browser: Chromium, driven by its own driver. Both are needed; without them a test fails with that message.

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const MISSING: &str = "a real browser is needed: install Debian's packages chromium and chromium-driver";
/// How long an element is waited for. Nothing here takes that long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// With `--port=0` the driver lets the system choose a port that is free for IPv6, and then takes the same one for IPv4.
/// Now and then that one is taken, the more so as every test here listens on such ports; it says one of these and
/// ends. There is no port that could be kept free for it, so it is started again.
const PORT_TAKEN: [&str; 2] = ["port not available", "Address already in use"];
const STARTS: u32 = 20;
static PROFILES: AtomicU32 = AtomicU32::new(0);

/// A browser of its own with an empty profile. It ends with this value.
pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Driver,
}

impl Browser {
    /// A window whose inside has this width and height, in CSS pixels.
    pub(crate) async fn open(width: u32, height: u32) -> Browser {
        Browser::open_with_theme(width, height, false).await
    }

    /// The same, for a reader who prefers dark pages, or light ones.
    pub(crate) async fn open_with_theme(width: u32, height: u32, dark: bool) -> Browser {
        let driver = Driver::start();
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            // Nothing but this machine is ever looked for.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)));
        arguments.push(format!("--user-data-dir={}", driver.profile.display()));
        let metrics =
            json!({"width": width, "height": height, "pixelRatio": 1.0, "mobile": false, "touch": false});
        let options = json!({"args": arguments, "mobileEmulation": {"deviceMetrics": metrics}});
        let wanted = json!({"browserName": "chrome", "goog:chromeOptions": options});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .unwrap_or_else(|error| panic!("{MISSING}: {error}"));
        Browser { client, _driver: driver }
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Waits until there is such an element, and gives its text as a reader sees it.
    pub(crate) async fn text(&self, css: &str) -> String {
        loop {
            match self.find(css).await.text().await {
                // The page was changed in between; what is there now is meant.
                Err(error) if error.is_stale_element_reference() => {}
                text => return text.unwrap(),
            }
        }
    }

    /// Waits until there is such an element.
    pub(crate) async fn find(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => {
                panic!("{css}: {error}; the page: {}", self.client.source().await.unwrap_or_default())
            }
        }
    }

    pub(crate) async fn click(&self, css: &str) {
        loop {
            match self.find(css).await.click().await {
                Err(error) if error.is_stale_element_reference() => {}
                clicked => return clicked.unwrap(),
            }
        }
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Fills in the card and presses the button with this value.
    pub(crate) async fn card(&self, number: &str, action: &str) {
        self.fill("#card_number", number).await;
        self.fill("#expiry", "12/49").await;
        self.fill("#cvc", "123").await;
        self.fill("#cardholder", "Ann Example").await;
        self.click(&format!("button[value={action}]")).await;
    }
}

/// The driver's process, its port and the profile of the browser it starts.
struct Driver {
    process: Child,
    port: u16,
    profile: PathBuf,
}

impl Driver {
    fn start() -> Driver {
        let profile = new_profile();
        let mut wrote = String::new();
        for _ in 0..STARTS {
            match started(&mut wrote) {
                Some((process, port)) => return Driver { process, port, profile },
                None if PORT_TAKEN.iter().any(|sign| wrote.contains(sign)) => {}
                None => break,
            }
        }
        let _ = std::fs::remove_dir(&profile);
        panic!("chromedriver did not start ({STARTS} tries where its port was taken); it wrote: {wrote}");
    }
}

/// Starts the driver once: its process and its port. `None` when it ended instead; then `wrote` is what it wrote.
fn started(wrote: &mut String) -> Option<(Child, u16)> {
    let mut command = Command::new("chromedriver");
    let process = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut process = process.unwrap_or_else(|error| panic!("{MISSING}: chromedriver: {error}"));
    let mut complaints = process.stderr.take().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
    wrote.clear();
    let port = lines.by_ref().find_map(|line| {
        wrote.push_str(&line);
        wrote.push('\n');
        line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
    });
    let Some(port) = port else {
        let _ = process.kill();
        let _ = complaints.read_to_string(wrote);
        let status = process.wait().unwrap();
        wrote.push_str(&format!("and ended: {status}"));
        return None;
    };
    // It goes on writing; a pipe that is not read would stop it.
    std::thread::spawn(move || lines.for_each(drop));
    std::thread::spawn(move || std::io::copy(&mut complaints, &mut std::io::stderr()));
    Some((process, port))
}

/// A new and empty folder, also where a run that was killed left its own behind.
fn new_profile() -> PathBuf {
    loop {
        let number = PROFILES.fetch_add(1, Ordering::Relaxed);
        let profile = std::env::temp_dir().join(format!("sandbox-browser-{}-{number}", std::process::id()));
        match std::fs::create_dir(&profile) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            created => {
                created.unwrap();
                return profile;
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Asked like this it ends its browser too; killed, it would leave it behind. A failure here is ignored.
        if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ =
                stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
