"""The process that owns a local Ray cluster, as long as its standard input is open.

Ray starts its servers by forking. A process with threads, as TensorFlow or an inference makes them, may then wait for
ever: a fork copies a lock that a thread holds, and not the thread. So a process with no threads but Ray's own does it.
"""

import logging
import signal
import sys


def main() -> None:
    """Start a cluster on the loopback address, print where it is, and end it when standard input ends.

    The command line gives how many cores it has, and how many bytes its object store holds.
    """
    import ray

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that uses the cluster
    context = ray.init(
        address="local",
        num_cpus=int(sys.argv[1]),
        object_store_memory=int(sys.argv[2]),
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
    )
    sys.stdout.write(f"{context.address_info['address']}\n")
    sys.stdout.flush()
    sys.stdin.read()
    ray.shutdown()


if __name__ == "__main__":
    main()
