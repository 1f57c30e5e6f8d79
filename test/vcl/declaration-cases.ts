/** VCLs for what is declared: backends, probes, ACLs, directors. */
export const DECLARATION_VCLS: Readonly<Record<string, string>> = {
  backends: `vcl 4.1;
backend default none;
backend plain { .host = "10.0.0.1"; }
backend full {
  .host = "app.example"; # where it is
  .port = "8080";
  .host_header = "www.example";
  .connect_timeout = 1s;
  .first_byte_timeout = 5m;
  .between_bytes_timeout = 2.5s;
  .max_connections = 10;
  .proxy_header = 1;
  .probe = healthy;
}
backend socket { .path = "/run/app.sock"; }
backend six { .host = "::1"; .port = "http"; }
probe healthy {
  .request = "HEAD /up HTTP/1.1" "Host: probe.example" "Connection: close";
  .expected_response = 204;
  .interval = 10s; .timeout = 1s; .window = 5; .threshold = 2; .initial = 1;
}
sub vcl_recv {
  if (req.url == "/plain") { set req.backend_hint = plain; }
  elseif (req.url == "/full") { set req.backend_hint = full; }
  elseif (req.url == "/socket") { set req.backend_hint = socket; }
  elseif (req.url == "/six") { set req.backend_hint = six; }
}`,
  acls: `vcl 4.1;
backend default { .host = "127.0.0.1"; }
acl mixed {
  "192.0.2.0"/24;      # ours
  ! "192.0.2.77";
  # the next building
  "2001:db8::"/32;
  "localhost";
}
acl pass -pedantic { "10.1.2.3"/8; }
acl named { "localhost"; ("nobody.invalid"); "10.9.9.9"; }
sub vcl_recv {
  set req.http.X = (client.ip ~ mixed) + " " + (client.ip ~ pass);
  if (client.ip ~ named) { set req.http.Y = "1"; }
}`,
  directors: `vcl 4.1;
import directors;
import std;
backend a { .host = "127.0.0.1"; }
backend b { .host = "127.0.0.2"; }
backend c { .host = "127.0.0.3"; }
sub vcl_init {
  # in turn
  new turns = directors.round_robin();
  turns.add_backend(a);
  turns.add_backend(b);
  new first = directors.fallback(sticky = true);
  first.add_backend(turns.backend());
  first.add_backend(c);
  new chance = directors.random();
  chance.add_backend(a, 10.0);
  chance.add_backend(b, 5.0);
  new bykey = directors.hash();
  bykey.add_backend(a);
  bykey.add_backend(b);
  new ring = directors.shard();
  ring.add_backend(a);
  ring.add_backend(b);
  ring.add_backend(c, weight = 2.0);
  ring.reconfigure(25);
  std.log("ready");
  return (ok);
}
sub vcl_recv {
  if (req.url ~ "^/turns") { set req.backend_hint = turns.backend(); }
  elseif (req.url ~ "^/first") { set req.backend_hint = first.backend(); }
  elseif (req.url ~ "^/chance") { set req.backend_hint = chance.backend(); }
  elseif (req.url ~ "^/key") { set req.backend_hint = bykey.backend(req.http.X-Key); }
  elseif (req.url ~ "^/url") { set req.backend_hint = ring.backend(by = URL); }
  elseif (req.url ~ "^/ring") { set req.backend_hint = ring.backend(by = KEY, key = ring.key(req.http.X-Key)); }
  elseif (req.url ~ "^/hash") { set req.backend_hint = ring.backend(); }
  return (pass);
}`,
}
