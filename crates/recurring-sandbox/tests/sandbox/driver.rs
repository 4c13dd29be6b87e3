//! A real browser: Chromium, driven by its own driver. Both are needed; without them a test fails and says so.

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
static PROFILES: AtomicU32 = AtomicU32::new(0);

/// A browser of its own with an empty profile. It ends with this value.
pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Driver,
}

impl Browser {
    /// A window whose inside has this width and height, in CSS pixels.
    pub(crate) async fn open(width: u32, height: u32) -> Browser {
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
        self.fill("#cardholder", "A Person").await;
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
        let process = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn();
        let mut process = process.unwrap_or_else(|error| panic!("{MISSING}: chromedriver: {error}"));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        // It goes on writing; a pipe that nobody reads would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let port = port.unwrap_or_else(|| panic!("{MISSING}: chromedriver did not start"));
        let number = PROFILES.fetch_add(1, Ordering::Relaxed);
        let profile = std::env::temp_dir().join(format!("sandbox-browser-{}-{number}", std::process::id()));
        std::fs::create_dir(&profile).unwrap();
        Driver { process, port, profile }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Asked like this it ends its browser too; killed, it would leave it behind. Failing here helps nobody.
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
