vcl 4.1;

import std;

backend default { .host = "127.0.0.1"; .port = "8000"; }

acl purgers { "127.0.0.1"; "::1"; }

sub vcl_recv {
  if (req.method == "BAN") {
    if (!client.ip ~ purgers) {
      return (synth(403, "Not allowed."));
    }
    if (!req.http.Cache-Tags) {
      return (synth(403, "Cache-Tags header missing."));
    }
    # a list with blanks is one of alternatives
    set req.http.Cache-Tags = "(^|\s)" + regsuball(req.http.Cache-Tags, "\s", "(\\s|$)|(^|\\s)") + "(\s|$)";
    ban("obj.http.Cache-Tags ~ " + req.http.Cache-Tags + " && obj.http.X-Site == " + req.http.host);
    return (synth(200, "Ban added."));
  }
  if (req.method == "PURGE") {
    if (!client.ip ~ purgers) {
      return (synth(403, "Not allowed."));
    }
    return (purge);
  }
  if (req.url ~ "^/(cron|install|update)\.php" && client.ip !~ purgers) {
    return (synth(404, "Page not found."));
  }
  if (req.url ~ "^/(admin|user)(/|$|\?)" || req.url ~ "^.*/ajax/.*$") {
    return (pass);
  }
  if (req.url ~ "(?i)\.(asc|css|gif|ico|jpe?g|js|png|svg|txt)(\?[\w=.-]+)?$") {
    unset req.http.Cookie;
  }

  # only what Drupal knows: anonymous visitors have nothing left
  if (req.http.Cookie) {
    set req.http.Cookie = ";" + req.http.Cookie;
    set req.http.Cookie = regsuball(req.http.Cookie, "; +", ";");
    set req.http.Cookie = regsuball(req.http.Cookie, ";(S?SESS[a-z0-9]+|NO_CACHE)=", "; \1=");
    set req.http.Cookie = regsuball(req.http.Cookie, ";[^ ][^;]*", "");
    set req.http.Cookie = regsuball(req.http.Cookie, "^[; ]+|[; ]+$", "");
    if (req.http.Cookie == "") {
      unset req.http.Cookie;
    } else {
      return (pass);
    }
  }
}

sub vcl_backend_response {
  set beresp.http.X-Site = bereq.http.host;
  if (beresp.status == 403 || beresp.status == 404 || beresp.status >= 500) {
    set beresp.ttl = 10s;
  }
  set beresp.grace = 6h;
}

sub vcl_deliver {
  set resp.http.X-Cache = "MISS";
  if (obj.hits > 0) {
    set resp.http.X-Cache = "HIT";
  }
  unset resp.http.X-Site;
  unset resp.http.Cache-Tags;
}
