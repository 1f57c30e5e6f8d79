# The policy of `hit-vcl`: what `hooks.ts` does, in VCL.
vcl 4.1;

# The port is that of the run.
backend default { .host = "127.0.0.1"; .port = "8000"; }

sub vcl_recv {
  if (req.url ~ "^/api/") {
    return (pass);
  }
  if (req.http.User-Agent ~ "Mobile") {
    set req.http.X-Device = "mobile";
  } else {
    set req.http.X-Device = "desktop";
  }
}

sub vcl_hash {
  hash_data(req.http.X-Device);
}

sub vcl_deliver {
  set resp.http.X-Device = req.http.X-Device;
  set resp.http.X-Hits = obj.hits;
  unset resp.http.Server;
}
