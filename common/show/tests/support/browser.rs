//! Chromium without a screen. It is controlled by the DevTools protocol over two pipes: JSON messages, each ends with
//! a zero.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // each test uses a part of it

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use testing::LIMIT;
use testing::folder::TempDir;

/// A browser with one page. It runs until it is dropped.
pub struct Browser {
    chromium: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    events: VecDeque<Value>,
    session: Option<String>,
    sent: u64,
    /// Its profile.
    _folder: TempDir,
}

impl Browser {
    /// Starts a browser. Chromium expects its pipes as descriptors 3 and 4. The shell provides them.
    pub fn start() -> Self {
        let folder = TempDir::new();
        let mut chromium = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 >/dev/null 2>&1 </dev/null", "sh"])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", folder.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = chromium.stdin.take().unwrap();
        let output = BufReader::new(chromium.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let _ = sender.send(serde_json::from_slice(&message).unwrap());
            }
        });
        let mut browser = Self {
            chromium,
            commands,
            messages,
            events: VecDeque::new(),
            session: None,
            sent: 0,
            _folder: folder,
        };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("Target.attachToTarget", target);
        self.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Sends a command and returns the answer.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let message =
                self.messages.recv_timeout(LIMIT).unwrap_or_else(|error| panic!("{method}: {error}"));
            if message["id"] == self.sent {
                assert_eq!(message["error"], Value::Null, "{method}");
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    /// Opens a file at a fragment, like `#record-3`, and waits until it is loaded.
    pub fn open(&mut self, page: &Path, fragment: &str) {
        let page = page.canonicalize().unwrap();
        // If the file is open already, a new fragment alone does not load it again.
        self.load("data:text/html,");
        self.load(&format!("file://{}{fragment}", page.display()));
    }

    fn load(&mut self, url: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({ "url": url }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            self.events.push_back(self.messages.recv_timeout(LIMIT).unwrap());
        }
    }

    /// Returns the value of an expression.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let answer =
            self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert_eq!(answer["exceptionDetails"], Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// Presses a key, and releases it.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            " " => (32, " "),
            "Tab" => (9, ""),
            "Escape" => (27, ""),
            letter @ ("j" | "k") => (u32::from(letter.as_bytes()[0]) - 32, letter),
            "/" => (191, "/"),
            other => panic!("what is the code of {other}?"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types text into the focused element.
    pub fn type_in(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Returns the text in the clipboard after a click on an element that copies.
    pub fn copied_by(&mut self, element: &str) -> String {
        self.call("Browser.grantPermissions", json!({ "permissions": ["clipboardReadWrite"] }));
        let expression = format!(
            "new Promise((done) => {{ const button = {element}; \
             new MutationObserver(() => navigator.clipboard.readText().then(done)).observe(button, {{ childList: true }}); \
             button.click(); }})"
        );
        let parameters = json!({ "expression": expression, "awaitPromise": true, "userGesture": true });
        let answer = self.call("Runtime.evaluate", parameters);
        answer["result"]["value"].as_str().unwrap().to_owned()
    }

    /// Prints the page as far as its script and its style are concerned, until another look.
    pub fn print(&mut self) {
        self.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
        self.evaluate("dispatchEvent(new Event('beforeprint'))");
    }

    /// Allows or forbids scripts.
    pub fn run_scripts(&mut self, may: bool) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !may }));
    }

    /// Sets the size of the window and the colour scheme.
    pub fn look(&mut self, width: u32, height: u32, scheme: &str) {
        let window = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", window);
        let scheme = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call("Emulation.setEmulatedMedia", json!({ "features": [scheme] }));
    }

    /// Returns a picture of the window as PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        BASE64_STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// Returns errors, warnings, console output and requests of the page since it was opened.
    pub fn complaints(&mut self) -> Vec<String> {
        self.evaluate("1"); // earlier events have arrived when this returns
        let complains = |event: &&Value| match event["method"].as_str() {
            Some("Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown") => true,
            Some("Network.requestWillBeSent") => event["params"]["type"] != "Document",
            _ => false,
        };
        self.events.iter().filter(complains).map(Value::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.chromium.kill();
        let _ = self.chromium.wait();
    }
}
