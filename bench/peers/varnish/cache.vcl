# Varnish as a cache for the benchmarks: its built-in VCL, but for cookies.
vcl 4.1;

backend default {
  .host = "127.0.0.1";
  .port = "@ORIGIN@";
}

sub vcl_recv {
  # The browser of the scenarios has analytics cookies alone; the built-in VCL would pass it.
  unset req.http.Cookie;
}
