# SPDX-License-Identifier: Apache-2.0
"""What the services that are not to be believed have in common.

They are run with the folder of the code that protoc and grpc_python_plugin made of api/proto.
"""

import concurrent.futures
import sys
import time

sys.path.insert(0, sys.argv[1])

import grpc  # noqa: E402

GARBAGE = b"\x0a\xff\xff\xff\x7fnot a message"


def slow():
    """Longer than anybody waits."""
    time.sleep(30)


def broken():
    raise KeyError("lr")


def write(message):
    return message if isinstance(message, bytes) else message.SerializeToString()


def serve(service, methods):
    """Until it is killed. methods: the function and the kind of request of each name."""
    handlers = {name: grpc.unary_unary_rpc_method_handler(answer, request.FromString, write)
                for name, (answer, request) in methods.items()}
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("api.v1.beta1." + service, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print("listening on 127.0.0.1:%d" % port, flush=True)
    server.wait_for_termination()
