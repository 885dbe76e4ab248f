"""Stored runs in the forms that others read."""

from autoexp.data.export.netcdf import write_netcdf
from autoexp.data.export.nexus import write_nexus
from autoexp.data.export.nexus_reading import read_nexus
from autoexp.data.export.ro_crate import write_ro_crate
from autoexp.data.export.stored import StoredRun, Stream, stored_run

__all__ = ["StoredRun", "Stream", "read_nexus", "stored_run", "write_netcdf", "write_nexus", "write_ro_crate"]
