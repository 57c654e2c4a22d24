"""The part of mlflow_servers.py that puts a real nginx before the server: TLS, a prefix, 50 ms of
delay, injected failures, HTTP/2, certificates of clients, and a proxy on the way.

nginx listens on three ports: HTTP/2 with injected failures, HTTP/1.1 alone, and HTTP/2 for those
who show a certificate. What protocol each request came by says its own log.
"""
import os
import select
import socket
import ssl
import subprocess
import threading

NGINX = """
daemon off; worker_processes 1; pid %(base)s/nginx.pid; error_log %(base)s/nginx.log;
events { worker_connections 256; }
http {
    log_format spoken "$server_port $server_protocol $status";
    access_log %(base)s/spoken.log spoken; client_max_body_size 0;
    client_body_temp_path %(base)s/t1; proxy_temp_path %(base)s/t2; fastcgi_temp_path %(base)s/t3;
    uwsgi_temp_path %(base)s/t4; scgi_temp_path %(base)s/t5;
    gzip on; gzip_proxied any; gzip_types application/json;
    split_clients "$request_id" $unlucky { 8%% 1; * 0; }
    ssl_certificate %(base)s/cert.pem; ssl_certificate_key %(base)s/key.pem;
    proxy_http_version 1.1; proxy_set_header Connection "";
    server {
        listen 127.0.0.1:%(port)d ssl http2; server_name localhost;
        location /team/ml/ {
            if ($unlucky) { return 503; }
            proxy_pass http://127.0.0.1:%(to)d/;
        }
    }
    server {
        listen 127.0.0.1:%(old)d ssl; server_name localhost;
        location / { proxy_pass http://127.0.0.1:%(to)d/; }
    }
    server {
        listen 127.0.0.1:%(strict)d ssl http2; server_name localhost;
        ssl_client_certificate %(base)s/client-cert.pem; ssl_verify_client on;
        location / { proxy_pass http://127.0.0.1:%(to)d/; }
    }
}
"""


def make_certificate(base, name, subject):
    """NAMEkey.pem, NAMEcert.pem and both in NAMEboth.pem."""
    key, cert = base + "/" + name + "key.pem", base + "/" + name + "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-keyout", key, "-out", cert, "-subj", "/CN=" + subject, "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, stderr=subprocess.DEVNULL)
    with open(base + "/" + name + "both.pem", "w") as both:
        both.write(open(cert).read() + open(key).read())


class Strict:
    """A server that ends the handshake itself where it is shown no certificate (nginx answers
    with a page instead). It says nothing else to anybody."""

    def __init__(self, base):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(base + "/both.pem")
        self.context.load_verify_locations(base + "/client-cert.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            with self.context.wrap_socket(client, server_side=True,
                                          do_handshake_on_connect=False) as shaken:
                shaken.settimeout(60)
                try:
                    shaken.do_handshake()
                    shaken.recv(1)
                except OSError:
                    self.drain(shaken.fileno())

    @staticmethod
    def drain(fd):
        """Reads what still comes until the other side ends: a socket closed before that may be
        reset, and the alert with the reason be lost on its way."""
        try:
            while select.select([fd], [], [], 60)[0] and os.read(fd, 4096):
                pass
        except OSError:
            pass

    def stop(self):
        self.listener.close()


def spoken(base, port):
    """The protocols of the requests that came to PORT."""
    with open(base + "/spoken.log") as log:
        return {line.split()[1] for line in log if line.startswith("%d " % port)}


def check_protocols(live, program, base, ports):
    trust = {"MLFLOW_TRACKING_SERVER_CERT_PATH": base + "/cert.pem"}
    live.check(spoken(base, ports["port"]) == {"HTTP/2.0"}, "HTTP/2 where it is offered",
               spoken(base, ports["port"]))
    old = live.Assay(program, "https://localhost:%d" % ports["old"],
                     ASSAY_CACHE=base + "/old.db", **trust)
    live.check(len((old("ls") or {}).get("experiments", [])) > 1, "HTTP/1.1 where it is not")
    live.check(spoken(base, ports["old"]) == {"HTTP/1.1"}, "HTTP/1.1 where HTTP/2 is not offered",
               spoken(base, ports["old"]))
    plain = live.Assay(program, "http://localhost:%d" % ports["old"],
                       ASSAY_CACHE=base + "/plain.db").run("ls")
    live.check(plain.returncode == 3 and b"https://" in plain.stderr, "http where https is meant",
               plain.returncode, plain.stderr.decode())
    trusting = live.Assay(program, "https://localhost:%d" % ports["old"],
                          ASSAY_CACHE=base + "/trusting.db",
                          MLFLOW_TRACKING_INSECURE_TLS="true").run("ls")
    live.check(trusting.returncode == 0 and b"its certificate is not checked" in trusting.stderr,
               "an unchecked certificate is told", trusting.returncode, trusting.stderr.decode())
    stranger = live.Assay(program, "https://localhost:%d" % ports["old"],
                          ASSAY_CACHE=base + "/stranger.db").run("ls")
    live.check(b"not checked" not in stranger.stderr, "and only that", stranger.stderr.decode())
    live.check(stranger.returncode == 3 and b"certificate" in stranger.stderr.lower() and
               b"MLFLOW_TRACKING_SERVER_CERT_PATH" in stranger.stderr, "an unknown certificate",
               stranger.returncode, stranger.stderr.decode())


def check_client_certificates(live, program, base, ports):
    make_certificate(base, "stranger-", "stranger")
    subprocess.run(["openssl", "pkey", "-in", base + "/client-key.pem", "-aes256", "-passout",
                    "pass:words", "-out", base + "/locked-key.pem"], check=True)
    with open(base + "/locked.pem", "w") as both:
        both.write(open(base + "/client-cert.pem").read() + open(base + "/locked-key.pem").read())
    strict = Strict(base)
    nginx = "https://localhost:%d" % ports["strict"]

    def ask(url, certificate):
        names = {"MLFLOW_TRACKING_SERVER_CERT_PATH": base + "/cert.pem",
                 "ASSAY_CACHE": "%s/%s.db" % (base, os.path.basename(certificate or "none"))}
        if certificate:
            names["MLFLOW_TRACKING_CLIENT_CERT_PATH"] = base + "/" + certificate
        return live.Assay(program, url, **names).run("ls", "--format", "json")

    done = ask(nginx, "client-both.pem")
    live.check(done.returncode == 0 and b"experiments" in done.stdout, "a client's certificate",
               done.returncode, done.stderr.decode())
    for title, url, certificate in (
            ("no certificate", nginx, None), ("another's certificate", nginx, "stranger-both.pem"),
            ("a locked key", nginx, "locked.pem"), ("no such file", nginx, "nowhere.pem"),
            ("no certificate, refused at once", "https://localhost:%d" % strict.port, None),
            ("another's, refused at once", "https://localhost:%d" % strict.port,
             "stranger-both.pem")):
        done = ask(url, certificate)
        live.check(done.returncode == 3 and b"MLFLOW_TRACKING_CLIENT_CERT_PATH" in done.stderr,
                   title, done.returncode, done.stderr.decode())
    live.check(strict.accepted == 2, "what is refused is not tried again", strict.accepted)
    strict.stop()


class Proxy:
    """Passes connections on as they are (CONNECT), for those who say that they are "ops"."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096) or b"\r\n\r\n"
        self.asked.append(head.split(b"\r\n")[0].decode())
        if b"Proxy-Authorization: Basic b3BzOnByMHh5\r\n" not in head:
            client.sendall(b"HTTP/1.1 407 Who asks\r\nContent-Length: 0\r\n"
                           b"Proxy-Authenticate: Basic realm=x\r\nConnection: close\r\n\r\n")
            client.close()
            return
        host, port = head.split()[1].decode().split(":")
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Through\r\n\r\n")
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self.listener.close()


def check_proxy(live, program, base, ports):
    """TLS through a proxy that wants to know who asks, from the settings and the environment."""
    proxy = Proxy()
    url = "https://localhost:%d" % ports["old"]
    trust = {"MLFLOW_TRACKING_SERVER_CERT_PATH": base + "/cert.pem", "no_proxy": ""}
    with open(base + "/proxy.ini", "w") as config:
        os.chmod(base + "/proxy.ini", 0o600)
        config.write("[source team]\nplace = %s\nproxy = http://ops:pr0xy@127.0.0.1:%d\n"
                     % (url, proxy.port))
    settings = live.Assay(program, "team", ASSAY_CONFIG=base + "/proxy.ini",
                          ASSAY_CACHE=base + "/proxy.db", **trust)
    live.check(len((settings("ls") or {}).get("experiments", [])) > 1, "through a proxy")
    live.check(set(proxy.asked) == {"CONNECT localhost:%d HTTP/1.1" % ports["old"]},
               "the proxy was asked for the server", proxy.asked)
    del proxy.asked[:]
    stranger = live.Assay(program, url, ASSAY_CACHE=base + "/stranger-proxy.db",
                          https_proxy="http://127.0.0.1:%d" % proxy.port, **trust).run("ls")
    live.check(stranger.returncode == 3 and proxy.asked and b"407" in stranger.stderr and
               b"proxy" in stranger.stderr, "a proxy that lets nobody in",
               stranger.returncode, stranger.stderr.decode())
    proxy.stop()


def scenario(program, base, live):
    """LIVE: the module mlflow_servers."""
    server = live.Server(base, "sqlite:///%s/mlflow.db" % base)
    delay = live.Delay(server.port, 50)
    ports = {name: live.free_port() for name in ("port", "old", "strict")}
    nginx = None
    try:
        make_certificate(base, "", "localhost")
        make_certificate(base, "client-", "client")
        with open(base + "/nginx.conf", "w") as config:
            config.write(NGINX % dict(ports, base=base, to=delay.port))
        os.chmod(base, 0o755)
        nginx = live.Process(["nginx", "-p", base, "-c", base + "/nginx.conf", "-e",
                              base + "/nginx.log"], base + "/nginx.out")
        client = live.connect(server.url)
        runs = live.fill(client)
        url = "https://localhost:%d/team/ml" % ports["port"]
        assay = live.Assay(program, url, unlucky=True,
                           MLFLOW_TRACKING_SERVER_CERT_PATH=base + "/cert.pem")
        live.compare_all(assay, client, runs, base, "nginx")
        live.compare_changes(assay, client, runs, "nginx")
        live.compare_uploads(assay, None, client, base, "nginx")
        check_protocols(live, program, base, ports)
        check_client_certificates(live, program, base, ports)
        check_proxy(live, program, base, ports)
    finally:
        if nginx:
            nginx.kill(live.signal.SIGTERM)
        delay.stop()
        server.stop()
