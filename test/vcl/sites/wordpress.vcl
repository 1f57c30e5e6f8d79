vcl 4.1;

import std;

# A blog, and its shop.
backend blog {
  .host = "127.0.0.1";
  .port = "8000";
  .first_byte_timeout = 120s;
}

acl editors {
  "localhost";
  "10.20.0.0"/16;
  ! "10.20.30.40";   # the guest network's gateway
}

sub vcl_recv {
  # one name, without port
  set req.http.Host = regsub(std.tolower(req.http.Host), ":[0-9]+$", "");
  unset req.http.Proxy;

  if (req.method == "PURGE") {
    if (client.ip !~ editors) {
      return (synth(405, "Purging is not for " + client.ip));
    }
    if (req.http.X-Purge-Method == "regex") {
      ban("obj.http.X-Blog-Url ~ " + req.url + " && obj.http.X-Blog-Host == " + req.http.host);
      return (synth(200, "Banned " + req.url));
    }
    return (purge);
  }

  if (req.method != "GET" && req.method != "HEAD") {
    return (pass);
  }

  # what advertising adds
  if (req.url ~ "(\?|&)(utm_[a-z]+|gclid|fbclid)=") {
    set req.url = regsuball(req.url, "(utm_[a-z]+|gclid|fbclid)=[-_A-Za-z0-9+()%.]*&?", "");
    set req.url = regsub(req.url, "[?&]+$", "");
  }
  set req.url = std.querysort(req.url);

  if (req.url ~ "^/wp-(admin|login|cron)" || req.url ~ "(?i)[?&]preview=true" || req.url ~ "^/(cart|checkout|my-account)(/|$)") {
    return (pass);
  }

  # files know nobody
  if (req.url ~ "(?i)\.(css|js|png|jpe?g|gif|svg|woff2?)(\?.*)?$") {
    unset req.http.Cookie;
    return (hash);
  }

  if (req.http.Cookie ~ "wordpress_logged_in|wp-postpass|comment_author|woocommerce_items_in_cart") {
    return (pass);
  }
  unset req.http.Cookie;
}

sub vcl_backend_response {
  set beresp.http.X-Blog-Url = bereq.url;
  set beresp.http.X-Blog-Host = bereq.http.host;
  set beresp.grace = 6h;

  if (bereq.url ~ "(?i)\.(css|js|png|jpe?g|gif|svg|woff2?)(\?.*)?$") {
    unset beresp.http.Set-Cookie;
    set beresp.ttl = 1d;
  }
  if (beresp.status == 404) {
    set beresp.ttl = 30s;
  } elsif (beresp.status >= 500) {
    if (bereq.is_bgfetch) {
      return (abandon);   # what is stale is better
    }
    set beresp.uncacheable = true;
    set beresp.ttl = 0s;
  }
}

sub vcl_deliver {
  if (obj.hits > 0) {
    set resp.http.X-Cache = "HIT " + obj.hits;
  } else {
    set resp.http.X-Cache = "MISS";
  }
  unset resp.http.X-Blog-Url;
  unset resp.http.X-Blog-Host;
  unset resp.http.X-Powered-By;
}
