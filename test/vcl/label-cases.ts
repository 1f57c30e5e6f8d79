/** Two sites behind labels, and the VCL in front of them. */

export const LABELS_FRONT = `vcl 4.1;
import std;
backend default { .host = "127.0.0.1"; .port = "8001"; }
sub by_path { if (req.url ~ "^/blog/") { return (vcl(the-blog)); } }
sub vcl_recv {
  set req.http.X-Front = "seen";
  set req.url = std.querysort(req.url);
  if (req.http.host == "shop.example") {
    if (req.http.X-Late && req.restarts == 0) { return (restart); }
    return (vcl(shop));
  }
  call by_path;
  std.log("front");
}
sub vcl_hash { hash_data("front"); }
sub vcl_backend_response { set beresp.http.X-Fetched = "front"; }
sub vcl_deliver { set resp.http.X-Site = "front"; }
`

/** It has everything that is to be told apart by name. */
const site = (name: string, port: number): string => `vcl 4.1;
import directors;
import var;
import vsthrottle;
backend default { .host = "127.0.0.1"; .port = "${port}"; }
backend front { .host = "127.0.0.1"; .port = "${port + 1}"; }
acl office { "10.0.0.0"/8; }
sub vcl_init { new all = directors.round_robin(); all.add_backend(default); }
sub shared { set req.http.X-Shared = "${name}"; }
sub vcl_recv {
  if (vsthrottle.is_denied(client.identity, 3, 10s)) { return (synth(429)); }
  var.set("site", "${name}");
  call shared;
  if (req.url ~ "/front") { set req.backend_hint = front; } else { set req.backend_hint = all.backend(); }
  if (client.ip ~ office) { return (pass); }
  if (req.http.X-Again && req.restarts == 0) { return (restart); }
  return (hash);
}
sub vcl_hash { hash_data(req.http.X-Group); }
sub vcl_backend_response { set beresp.http.X-Fetched = "${name}"; set beresp.ttl = 1h; }
sub vcl_deliver { set resp.http.X-Site = var.get("site"); set resp.http.X-Backend = "" + req.backend_hint; set resp.http.X-Restarts = req.restarts; }
`

export const LABEL_SHOP: string = site('shop', 8002)
export const LABEL_BLOG: string = site('blog', 8004)
