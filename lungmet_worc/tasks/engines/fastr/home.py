"""What fastr needs around it: a home inside the run folder, and a clean environment.

Jobs learn of settings from files and environment only. fastr stores the whole environment of a
job in a file, so a job gets just what it needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.tasks.engines.processes import CODE, ONE_THREAD, SAFE_PATH

#: The two tools; fastr calls them by the name of the folder in which they lie, "lungmet".
TOOLS = Path(__file__).parent / "tools"

#: Slurm is asked this often how its jobs are, in seconds; fastr's own default is 30.
SLURM_INTERVAL = 5

#: What our networks need of fastr's plugins, beside the one that executes them.
_PLUGINS = (
    "collectorplugins/jsoncollector.py",
    "interfaceplugins/fastrinterface.py",
    "ioplugins/filesystem.py",
    "ioplugins/networkscope.py",
    "ioplugins/null.py",
    "ioplugins/reference.py",
    "ioplugins/virtualfilesystem.py",
    "targetplugins/localbinarytarget.py",
)

_KEPT = (
    "DRMAA_LIBRARY_PATH",
    "KRB5CCNAME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "SLURM_CONF",
    "TMPDIR",
    "TZ",
    "USER",
)
#: Settings of batch systems that a user makes in the shell.
_KEPT_PREFIXES = ("SBATCH_", "SGE_")


class Home:
    """The home folder of fastr for one run.

    Parameters
    ----------
    folder : Path
        Where it is made, inside the run folder and with an absolute path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Jobs end when this file is gone.
        self.wanted = folder / "wanted"
        #: Where fastr keeps what its networks are made of.
        self.networks = folder / "networks"
        self._plugins = folder / "plugins"

    def make(self) -> None:
        """Make the folders, and what takes the place of GitPython.

        fastr asks GitPython for its own version, which raises where no git is installed and in a
        repository without commits (errata E20). Without GitPython it goes on.
        """
        # fastr executes the settings and plugins that it finds here, so nobody else's may lie here.
        self.folder.mkdir(parents=True)
        for folder in (self.networks, self.folder / "config.d", self.folder / "python"):
            make_folder(folder)
        stub = 'raise ImportError("GitPython is not needed here.")\n'
        (self.folder / "python" / "git.py").write_text(stub, "utf-8")
        self.wanted.touch()

    def configure(self, *, cores: int = 1, plugin: str | None = None) -> None:
        """Write fastr's settings; jobs read them as well.

        Parameters
        ----------
        cores : int
            Jobs that ``ProcessPoolExecution`` runs at the same time.
        plugin : str, optional
            The only execution plugin that is loaded; each job would else try all of them out.
        """
        settings = [
            f"tools_path = [{str(TOOLS)!r}]",
            f'mounts["tmp"] = {str(self.networks)!r}',
            f"process_pool_worker_number = {cores}",
            f"slurm_job_check_interval = {SLURM_INTERVAL}",
            "reporting_plugins = []",
            "warn_develop = False",
        ]
        if plugin is not None:
            self._link_plugins(plugin)
            settings.append(f"plugins_path = [{str(self._plugins)!r}]")
        text = "\n".join(settings) + "\n"
        (self.folder / "config.d" / "10_lungmet.py").write_text(text, "utf-8")

    def _link_plugins(self, plugin: str) -> None:
        used = [*_PLUGINS, f"executionplugins/{plugin.lower()}.py"]
        source = Path(str(metadata.distribution("fastr").locate_file("fastr/resources/plugins")))
        for name in used:
            link = self._plugins / name
            make_folder(link.parent)
            if not link.is_symlink():
                link.symlink_to(source / name)

    def environment(self, outer: Mapping[str, str], **more: str) -> dict[str, str]:
        """Return the environment of fastr and its jobs.

        Parameters
        ----------
        outer : mapping
            The environment of this process.
        **more : str
            Variables to add.
        """
        kept = {
            name: value
            for name, value in outer.items()
            if name in _KEPT or name.startswith(_KEPT_PREFIXES)
        }
        # Tools call "python" by name. Not resolved: a virtual environment is a link.
        first = str(Path(sys.executable).parent)
        return {
            **kept,
            **ONE_THREAD,
            "PATH": os.pathsep.join([first, outer.get("PATH", os.defpath)]),
            "PYTHONPATH": os.pathsep.join([str(self.folder / "python"), CODE]),
            "PYTHONDONTWRITEBYTECODE": "1",
            **SAFE_PATH,
            "HOME": str(self.folder),
            "FASTRHOME": str(self.folder),
            "MPLBACKEND": "Agg",
            **more,
        }
