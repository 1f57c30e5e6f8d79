vcl 4.1;

import std;
import xkey;
import cookie;

backend default { .host = "127.0.0.1"; .port = "8000"; }

acl purgers { "127.0.0.1"; }

sub vcl_recv {
  if (req.method == "PURGE") {
    if (client.ip !~ purgers) {
      return (synth(403, "Forbidden"));
    }
    if (req.http.xkey) {
      set req.http.n-gone = xkey.purge(req.http.xkey);
      return (synth(200, "Invalidated " + req.http.n-gone + " objects"));
    }
    return (purge);
  }
  if (req.method == "BAN") {
    if (client.ip !~ purgers) {
      return (synth(403, "Forbidden"));
    }
    ban("req.url ~ " + req.url);
    return (synth(200, "Banned"));
  }
  if (req.method != "GET" && req.method != "HEAD") {
    return (pass);
  }
  if (req.http.Authorization || req.url ~ "^/(checkout|account|admin|api)(/.*)?$") {
    return (pass);
  }
  if (req.url ~ "^/(media|theme)/") {
    unset req.http.Cookie;
  }
  cookie.parse(req.http.Cookie);
  set req.http.cache-hash = cookie.get("sw-cache-hash");
  set req.http.currency = cookie.get("sw-currency");
  set req.http.states = cookie.get("sw-states");

  if (req.url == "/widgets/checkout/info" && (req.http.cache-hash == "" || (cookie.isset("sw-states") && req.http.states !~ "cart-filled"))) {
    return (synth(204, ""));
  }
  set req.url = std.querysort(regsuball(req.url, "(utm_[a-z]+|gclid)=[^&]*&?", ""));
  set req.url = regsub(req.url, "[?&]$", "");
  set req.http.Surrogate-Capability = "shopware=ESI/1.0";
  return (hash);
}

sub vcl_hash {
  if (req.http.cache-hash != "") {
    hash_data("+context=" + req.http.cache-hash);
  } elseif (req.http.currency != "") {
    hash_data("+currency=" + req.http.currency);
  }
}

sub vcl_hit {
  if (req.http.states ~ "logged-in" && obj.http.sw-invalidation-states ~ "logged-in") {
    return (pass);
  }
}

sub vcl_backend_fetch {
  unset bereq.http.cache-hash;
  unset bereq.http.currency;
  unset bereq.http.states;
}

sub vcl_backend_response {
  set beresp.grace = 3d;
  if (beresp.http.Surrogate-Control ~ "ESI/1.0") {
    unset beresp.http.Surrogate-Control;
    set beresp.do_esi = true;
  }
  if (beresp.ttl > 0s && (bereq.method == "GET" || bereq.method == "HEAD")) {
    unset beresp.http.Set-Cookie;
  }
}

sub vcl_deliver {
  set resp.http.Cache-Control = "no-store, no-cache, must-revalidate, max-age=0";
  unset resp.http.sw-invalidation-states;
  unset resp.http.xkey;
  set resp.http.X-Hits = obj.hits;
}
