"""How gunicorn serves a Dash app behind Loggia: `gunicorn --config gunicorn.conf.py customer_ltv.app:server`."""

import os

import loggia_dash

bind = f"127.0.0.1:{os.environ.get('PORT', '8050')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
# Longer than Loggia keeps a connection it does not use: else a request meets one that is just being closed.
keepalive = 75
# The socket has one path for all servers of a user, who would take it from one another.
control_socket_disable = True
# Nobody in front says under which path the app lies: Dash knows it from DASH_REQUESTS_PATHNAME_PREFIX.
forwarder_headers = ""
# Addresses carry parameters that are nobody's business.
access_log_format = '%(t)s "%(m)s %(U)s" %(s)s %(b)s %(D)sus %({x-correlation-id}o)s'


def post_worker_init(worker):
    """A worker that could not set up Dash does not start."""
    loggia_dash.warm(worker.app.callable)
