vcl 4.0;

import std;
import xkey;

backend default { .host = "127.0.0.1"; .port = "8000"; }

acl invalidators { "localhost"; }

sub refresh_recv {
  if (req.http.Cache-Control ~ "no-cache" && client.ip ~ invalidators) {
    set req.hash_always_miss = true;
  }
}

sub purge_recv {
  if (req.method == "PURGE") {
    if (!client.ip ~ invalidators) {
      return (synth(405, "Not allowed"));
    }
    return (purge);
  }
}

sub ban_recv {
  if (req.method == "BAN") {
    if (!client.ip ~ invalidators) {
      return (synth(405, "Not allowed"));
    }
    ban("obj.http.X-Host ~ " + req.http.X-Host + " && obj.http.X-Url ~ " + req.http.X-Url
      + " && obj.http.content-type ~ " + req.http.X-Content-Type);
    return (synth(200, "Banned"));
  }
}

sub tags_recv {
  if (req.method == "PURGEKEYS") {
    if (!client.ip ~ invalidators) {
      return (synth(405, "Not allowed"));
    }
    if (!req.http.xkey-purge && !req.http.xkey-softpurge) {
      return (synth(400, "Neither xkey-purge nor xkey-softpurge"));
    }
    set req.http.n-gone = 0;
    set req.http.n-soft = 0;
    if (req.http.xkey-purge) {
      set req.http.n-gone = xkey.purge(req.http.xkey-purge);
    }
    if (req.http.xkey-softpurge) {
      set req.http.n-soft = xkey.softpurge(req.http.xkey-softpurge);
    }
    return (synth(200, "Purged " + req.http.n-gone + ", expired " + req.http.n-soft));
  }
}

# Who somebody is, as far as pages differ by it: asked of the application first, then part of what is looked up.
sub context_recv {
  if (req.restarts == 0 && (req.http.accept ~ "application/vnd.context-hash" || req.http.X-User-Context)) {
    return (synth(400));
  }
  if (req.restarts == 0 && (req.method == "GET" || req.method == "HEAD") && (req.http.Cookie || req.http.Authorization)) {
    set req.http.X-Original-Accept = req.http.accept;
    set req.http.X-Original-Url = req.url;
    set req.http.accept = "application/vnd.context-hash";
    set req.url = "/_context";
    return (hash);
  }
  if (req.restarts > 0 && req.http.accept == "application/vnd.context-hash") {
    set req.url = req.http.X-Original-Url;
    unset req.http.X-Original-Url;
    set req.http.accept = req.http.X-Original-Accept;
    unset req.http.X-Original-Accept;
    return (hash);
  }
}

sub vcl_recv {
  call ban_recv;
  call purge_recv;
  call tags_recv;
  call refresh_recv;
  call context_recv;
}

sub vcl_hash {
  if (req.http.accept == "application/vnd.context-hash") {
    hash_data(req.http.Cookie);
    hash_data(req.http.Authorization);
  }
}

sub vcl_backend_response {
  set beresp.http.X-Url = bereq.url;
  set beresp.http.X-Host = bereq.http.host;
  if (beresp.http.X-Reverse-Proxy-TTL) {
    set beresp.ttl = std.duration(beresp.http.X-Reverse-Proxy-TTL + "s", 0s);
    unset beresp.http.X-Reverse-Proxy-TTL;
  }
}

sub vcl_deliver {
  if (req.restarts == 0 && resp.http.content-type ~ "application/vnd.context-hash") {
    set req.http.X-User-Context = resp.http.X-User-Context;
    return (restart);
  }
  set resp.http.Vary = regsub(resp.http.Vary, "(?i),? *X-User-Context *", "");
  if (resp.http.Vary == "") {
    unset resp.http.Vary;
  }
  unset resp.http.X-Url;
  unset resp.http.X-Host;
  set resp.http.X-Cache = obj.hits;
}
