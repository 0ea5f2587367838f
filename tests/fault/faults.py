"""What can go wrong with one request. A fault gets (double, handler, request), does what it does to the
connection, and returns whether the request is done with."""
import os
import signal
import time

ELSEWHERE = {"url": None}   # another server, set by the test: a token that arrives there has leaked


def refused(double, handler, request):
    """The connection ends unanswered and new ones are refused for a moment."""
    double.close_for(0.02)
    handler.reset()
    return True


def patience(fault):
    """For the environment of a run that a single `fault` must not end: its tries have to outlast the moment in which
    connections are refused, also where the double cannot run for seconds, so their waits are as long as a user's."""
    return {"QUICK_SLEEP_SPEED": "1"} if fault is refused else {}


def reset_before(double, handler, request):
    handler.reset()
    return True


def reset_after(double, handler, request):
    with double.lock:
        status, text, _ = double.apply(request)
        double.note(request, status, text)
    handler.reset()
    return True


def half_upload(double, handler, request):
    """The connection breaks in the middle of an upload: a half-uploaded asset stays behind."""
    with double.lock:
        double.api.half_upload(request)
    handler.reset()
    return True


def status_500(double, handler, request):
    handler.reply(500, b'{"message": "Server Error"}')
    return True


def status_500_after(double, handler, request):
    """Carried out, and yet 500."""
    with double.lock:
        double.apply(request)
    return status_500(double, handler, request)


def html_502(double, handler, request):
    handler.reply(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", {"Content-Type": "text/html"})
    return True


def rate_limit_403(double, handler, request):
    handler.reply(403, b'{"message": "API rate limit exceeded for installation ID 1.", '
                       b'"documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}',
                  {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 30)})
    return True


def retry_after_429(double, handler, request):
    handler.reply(429, b'{"message": "Too Many Requests"}', {"Retry-After": "20"})
    return True


def secondary_limit(double, handler, request):
    handler.reply(403, b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try '
                       b'again.", "documentation_url": "https://docs.github.com/rest"}')
    return True


def truncated_body(double, handler, request):
    """Carried out; the answer breaks off in the middle of its JSON, and the connection closes."""
    with double.lock:
        status, text, headers = double.apply(request)
        double.note(request, status, text)
    headers["Connection"] = "close"
    handler.reply(status, text[:len(text) // 2], headers, length=len(text))
    handler.hang_up()
    return True


def wrong_length(double, handler, request):
    """Carried out; Content-Length is half of the body, so what is read is no whole JSON."""
    with double.lock:
        status, text, headers = double.apply(request)
        double.note(request, status, text)
    headers["Connection"] = "close"
    handler.reply(status, text, headers, length=len(text) // 2)
    handler.hang_up()
    return True


def slow_drip(double, handler, request):
    """Carried out; then one byte every half second."""
    with double.lock:
        status, text, headers = double.apply(request)
        double.note(request, status, text)
    try:
        handler.reply(status, text[:1], headers, length=max(len(text), 200))
        for _ in range(20):
            time.sleep(0.5)
            handler.wfile.write(b" ")
    except OSError:
        pass
    handler.hang_up()
    return True


def expired_token(double, handler, request):
    handler.reply(401, b'{"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}')
    return True


def no_permission(double, handler, request):
    handler.reply(403, b'{"message": "Resource not accessible by integration", '
                       b'"documentation_url": "https://docs.github.com/rest/releases/releases"}',
                  {"X-Accepted-GitHub-Permissions": "contents=write; contents=write,workflows=write"})
    return True


def redirect_elsewhere(double, handler, request):
    handler.reply(307, b"", {"Location": ELSEWHERE["url"] + request.path})
    return True


def redirect_302(double, handler, request):
    handler.reply(302, b"", {"Location": ELSEWHERE["url"] + request.path})
    return True


def killed_before(pid):
    def fault(double, handler, request):
        os.kill(pid(), signal.SIGKILL)
        handler.reset()
        return True
    return fault


def killed_after(pid):
    """kill -9 once the request has been carried out, before its answer is read."""
    def fault(double, handler, request):
        with double.lock:
            status, text, _ = double.apply(request)
            double.note(request, status, text)
        os.kill(pid(), signal.SIGKILL)
        handler.reset()
        return True
    return fault


NETWORK = [refused, reset_before, reset_after, half_upload, truncated_body, wrong_length, slow_drip]
STATUS = [status_500, status_500_after, html_502, rate_limit_403, retry_after_429, secondary_limit, expired_token,
          no_permission, redirect_elsewhere, redirect_302]
ALL = NETWORK + STATUS


def once(fault, at):
    """The fault hits request `at`, and only that."""
    return lambda number, request: fault if number == at else None


def onwards(fault, at):
    """The fault hits request `at` and every later one: the run cannot win."""
    return lambda number, request: fault if number >= at else None


def none(number, request):
    return None


__all__ = ["ALL", "ELSEWHERE", "NETWORK", "STATUS", "killed_after", "killed_before", "none", "once", "onwards", "patience"]
