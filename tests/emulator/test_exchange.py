"""Reading a request in middleware leaves it whole for the application."""

from __future__ import annotations

import io

from werkzeug.test import create_environ

from cxsim.emulator.exchange import body, path, soap_method

ENVELOPE = b"""<?xml version="1.0"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header/>
<soapenv:Body>
  <vim:PowerOnVM_Task xmlns:vim="urn:vim25"><_this>vm-1</_this></vim:PowerOnVM_Task>
</soapenv:Body></soapenv:Envelope>"""


def test_the_body_can_be_read_again_by_the_application() -> None:
    environ = create_environ("/x", method="POST", data=b"abc")
    assert body(environ) == b"abc"
    assert body(environ) == b"abc"
    assert environ["wsgi.input"].read() == b"abc"
    assert environ["CONTENT_LENGTH"] == "3"


def test_a_chunked_body_is_read_to_its_end() -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "wsgi.input": io.BytesIO(b"abcdef"),
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    assert body(environ) == b"abcdef"
    assert environ["CONTENT_LENGTH"] == "6"


def test_a_request_without_a_length_has_no_body() -> None:
    assert body({"REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO(b"next request")}) == b""


def test_the_soap_method_is_found_whatever_the_prefixes() -> None:
    environ = create_environ("/sdk", method="POST", data=ENVELOPE, content_type="text/xml")
    assert soap_method(environ) == "PowerOnVM_Task"
    assert environ["wsgi.input"].read() == ENVELOPE


def test_json_has_no_soap_method() -> None:
    assert soap_method(create_environ("/x", method="POST", json={"a": "<Body><b>"})) is None


def test_the_path_keeps_its_query() -> None:
    assert path(create_environ("/a/b?c=d")) == "/a/b?c=d"
    assert path(create_environ("/a/b")) == "/a/b"
