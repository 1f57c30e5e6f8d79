# Varnish as a proxy: nothing is looked up.
vcl 4.1;

backend default {
  .host = "127.0.0.1";
  .port = "@ORIGIN@";
}

sub vcl_recv {
  return (pass);
}
