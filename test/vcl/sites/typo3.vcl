vcl 4.0;

import std;

backend typo3 { .host = "127.0.0.1"; .port = "8000"; }

acl cacheflush { "127.0.0.1"; }

sub vcl_recv {
  if (req.method == "BAN") {
    if (client.ip !~ cacheflush) {
      return (synth(405, "Not allowed"));
    }
    if (req.http.X-Cache-Tags) {
      ban("obj.http.X-Cache-Tags ~ " + req.http.X-Cache-Tags);
      return (synth(200, "Banned tags " + req.http.X-Cache-Tags));
    }
    if (req.http.Varnish-Ban-All == "1" && req.http.Varnish-Ban-TYPO3-Sitename) {
      ban("obj.http.TYPO3-Sitename == " + req.http.Varnish-Ban-TYPO3-Sitename);
      return (synth(200, "Banned site " + req.http.Varnish-Ban-TYPO3-Sitename));
    }
    return (synth(400, "Nothing to ban"));
  }
  if (req.method !~ "^(GET|HEAD|PUT|POST|DELETE|OPTIONS|PATCH)$") {
    return (synth(501));
  }
  if (req.method != "GET" && req.method != "HEAD") {
    return (pass);
  }
  if (req.url ~ "^/typo3(/|$|\?)" || req.http.Cookie ~ "(^|;\s*)be_typo_user=") {
    return (pass);
  }
  if (req.http.Cookie) {
    set req.http.Cookie = regsuball(req.http.Cookie, "(^|;\s*)(?!fe_typo_user=)[^;=\s]+=[^;]*", "");
    set req.http.Cookie = regsub(req.http.Cookie, "^;\s*", "");
    if (req.http.Cookie ~ "^\s*$") {
      unset req.http.Cookie;
    }
  }
  if (req.http.Cookie) {
    return (pass);
  }
  # a page that was asked for anew by somebody of ours
  if (req.http.Cache-Control ~ "no-cache" && client.ip ~ cacheflush) {
    set req.hash_always_miss = true;
  }
}

sub vcl_backend_response {
  if (beresp.http.Cache-Control ~ "private" || beresp.http.X-Varnish-Enabled != "1") {
    set beresp.uncacheable = true;
    set beresp.ttl = 60s;
    return (deliver);
  }
  unset beresp.http.Set-Cookie;
  set beresp.grace = 10m;
  return (deliver);
}

sub vcl_deliver {
  set resp.http.X-Cache = obj.hits;
  unset resp.http.TYPO3-Sitename;
  unset resp.http.X-Cache-Tags;
  unset resp.http.X-Varnish-Enabled;
}
