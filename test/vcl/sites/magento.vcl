vcl 4.0;

import std;

backend default {
  .host = "127.0.0.1";
  .port = "8000";
  .first_byte_timeout = 600s;
}

acl purge {
  "127.0.0.1";
}

sub vcl_recv {
  if (req.restarts > 0) {
    set req.hash_always_miss = true;
  }

  if (req.method == "PURGE") {
    if (client.ip !~ purge) {
      return (synth(405, "Method not allowed"));
    }
    if (!req.http.X-Magento-Tags-Pattern && !req.http.X-Pool) {
      return (synth(400, "Say what: X-Magento-Tags-Pattern or X-Pool"));
    }
    if (req.http.X-Magento-Tags-Pattern) {
      ban("obj.http.X-Magento-Tags ~ " + req.http.X-Magento-Tags-Pattern);
    }
    if (req.http.X-Pool) {
      ban("obj.http.X-Pool ~ " + req.http.X-Pool);
    }
    return (synth(200, "Purged"));
  }

  if (req.method != "GET" && req.method != "HEAD") {
    return (pass);
  }
  if (req.url ~ "/(customer|checkout)") {
    return (pass);
  }

  set req.http.grace = "none";
  set req.url = regsub(req.url, "^http[s]?://[^/]+", "");
  std.collect(req.http.Cookie, ";");

  if (req.url ~ "^/(pub/)?(media|static)/") {
    unset req.http.Https;
    unset req.http.X-Forwarded-Proto;
    unset req.http.Cookie;
  }

  # signed in without a cache id: for this one alone
  if (req.url ~ "/graphql" && !req.http.X-Magento-Cache-Id && req.http.Authorization ~ "^Bearer") {
    return (pass);
  }
  return (hash);
}

sub vcl_hash {
  if (req.url !~ "/graphql" && req.http.cookie ~ "X-Magento-Vary=") {
    hash_data(regsub(req.http.cookie, "^.*?X-Magento-Vary=([^;]+);*.*$", "\1"));
  }
  if (req.http.X-Forwarded-Proto) {
    hash_data(req.http.X-Forwarded-Proto);
  }
  if (req.url ~ "/graphql") {
    call hash_graphql;
  }
}

sub hash_graphql {
  hash_data(req.http.X-Magento-Cache-Id);
  if (req.http.Authorization ~ "^Bearer") {
    hash_data("signed in");
  }
  hash_data(req.http.Store);
  hash_data(req.http.Content-Currency);
}

sub vcl_backend_response {
  set beresp.grace = 3d;
  if (beresp.http.content-type ~ "text") {
    set beresp.do_esi = true;
  }
  if (beresp.status != 200 && beresp.status != 404) {
    set beresp.uncacheable = true;
    set beresp.ttl = 120s;
    return (deliver);
  }
  if (beresp.http.Cache-Control ~ "private") {
    set beresp.uncacheable = true;
    set beresp.ttl = 1d;
    return (deliver);
  }
  if (beresp.ttl > 0s && (bereq.method == "GET" || bereq.method == "HEAD")) {
    unset beresp.http.set-cookie;
  }
  if (beresp.ttl <= 0s || (!beresp.http.Surrogate-Control && beresp.http.Cache-Control ~ "no-cache|no-store") || beresp.http.Vary == "*") {
    set beresp.ttl = 120s;
    set beresp.uncacheable = true;
  }
  return (deliver);
}

sub vcl_deliver {
  if (obj.uncacheable) {
    set resp.http.X-Magento-Cache-Debug = "UNCACHEABLE";
  } else if (obj.hits) {
    set resp.http.X-Magento-Cache-Debug = "HIT";
    set resp.http.Grace = req.http.grace;
  } else {
    set resp.http.X-Magento-Cache-Debug = "MISS";
  }
  if (resp.http.Cache-Control !~ "private" && req.url !~ "^/(pub/)?(media|static)/") {
    set resp.http.Pragma = "no-cache";
    set resp.http.Expires = "-1";
    set resp.http.Cache-Control = "no-store, no-cache, must-revalidate, max-age=0";
  }
  unset resp.http.Age;
  unset resp.http.X-Magento-Tags;
}

sub vcl_hit {
  if (obj.ttl >= 0s) {
    return (deliver);
  }
  if (std.healthy(req.backend_hint)) {
    if (obj.ttl + 300s > 0s) {
      set req.http.grace = "normal";
      return (deliver);
    }
    return (restart);
  }
  set req.http.grace = "unlimited";
  return (deliver);
}
