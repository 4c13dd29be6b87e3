"""What a shop has around its payment client: a browser's part on the payment page, and a receiver of webhooks."""

import html.parser
import http.server
import json
import queue
import threading
import urllib.error
import urllib.parse
import urllib.request

CARD = {"card_number": "4111111111111111", "expiry": "12/40", "cvc": "123", "cardholder": "Ann Example"}
SECONDS = 20


class Form(html.parser.HTMLParser):
    """The form of a page: its action and the names of its fields."""

    def __init__(self):
        super().__init__()
        self.action = None
        self.fields = set()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes.get("action") or ""
        if tag in ("input", "button") and attributes.get("name"):
            self.fields.add(attributes["name"])


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The shop's return address exists in no test; that the page sends the customer there is enough."""

    def redirect_request(self, *_):
        return None


def pay(url):
    """Opens a payment page and sends its form as a browser does. Returns where the customer is sent to."""
    browser = urllib.request.build_opener(NoRedirect)
    with browser.open(url, timeout=SECONDS) as page:
        form = Form()
        form.feed(page.read().decode())
    missing = (set(CARD) | {"action"}) - form.fields
    assert not missing, f"the page has no field {missing}"
    body = urllib.parse.urlencode({**CARD, "action": "pay"}).encode()
    target = urllib.parse.urljoin(url, form.action or "")
    origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlparse(url))
    request = urllib.request.Request(target, body, {"Origin": origin, "Referer": url})
    try:
        with browser.open(request, timeout=SECONDS) as answer:
            raise AssertionError(f"no redirect after the payment, but {answer.status}")
    except urllib.error.HTTPError as answer:
        assert answer.code == 303, f"no redirect after the payment, but {answer.code}"
        return answer.headers["Location"]


class Receiver:
    """Takes webhooks on a free port of this machine."""

    def __init__(self):
        received = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.put((dict(self.headers.items()), body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.received = received
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhook"

    def take(self):
        """The next webhook, as JSON."""
        _, body = self.received.get(timeout=SECONDS)
        return json.loads(body)
