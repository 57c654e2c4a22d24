"""A PostgreSQL of Debian's in a folder of its own, on the loopback interface, for servers of MLflow."""
import glob
import os
import signal
import subprocess
import time


class Postgres:
    """PROCESS starts a program as a group and kill()s it; PORT is free."""

    def __init__(self, base, port, process):
        binaries = os.path.dirname(self.found()[-1])
        data = os.path.join(base, "pg")
        as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        os.mkdir(data, 0o700)
        if as_user:
            os.chmod(base, 0o755)
            subprocess.run(["chown", "postgres", data], check=True)
        subprocess.run(as_user + [binaries + "/initdb", "-D", data, "-A", "trust", "-U", "postgres",
                                  "-E", "UTF8", "--locale=C.UTF-8", "-N"], check=True, cwd="/",
                       stdout=subprocess.DEVNULL)
        self.uri = "postgresql+psycopg2://postgres@127.0.0.1:%d/postgres" % port
        self.process = process(as_user + [binaries + "/postgres", "-D", data, "-p", str(port), "-k",
                                          data, "-h", "127.0.0.1", "-F"],
                               os.path.join(base, "pg.log"), cwd="/")
        for _ in range(200):
            if subprocess.run([binaries + "/pg_isready", "-h", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.1)

    @staticmethod
    def found():
        return sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))

    def stop(self):
        self.process.kill(signal.SIGINT)
