"""ReducedDetector over classic and async detectors, under a RunEngine and alone."""

import asyncio
import json
import threading

import numpy as np
import pytest
import torch
from bluesky import RunEngine
from bluesky import plan_stubs as bps
from bluesky import plans as bp
from bluesky.preprocessors import stage_decorator
from bluesky.protocols import Readable, Stageable, Status, Triggerable
from bluesky.simulators import summarize_plan
from bluesky.utils import FailedStatus
from event_model import DocumentNames, schema_validators
from ophyd import Component, Device, Signal
from ophyd.status import Status as OphydStatus
from ophyd_async.core import AsyncStatus, StandardReadable, soft_signal_rw

from autoexp.detectors import ReducedDetector
from autoexp.errors import MeasurementError, ReductionError
from autoexp.reduction import BeamStatistics, Flags, FrameMeta, Monitor, MultiTau, chain
from autoexp.reduction.sources import frame_shape
from autoexp.reduction.xpcs import Correlator, LabelledBins

SHAPE = (40, 50)


def spot(x=22.0, y=18.0, background=1.0):
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return 500 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 2.0**2)) + background


class Camera(Device):
    image = Component(Signal, value=np.zeros(SHAPE))

    def __init__(self, *args, frame=None, fails=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.frame = spot() if frame is None else frame
        self.fails = fails
        self.exposures = 0

    def trigger(self):
        status = OphydStatus(self)
        self.exposures += 1
        self.image.put(self.frame)
        if self.fails:
            status.set_exception(self.fails)
        else:
            status.set_finished()
        return status


class AsyncCamera(StandardReadable):
    def __init__(self, name="acam", frame=None, fails=None):
        self.frame = spot() if frame is None else frame
        self.fails = fails
        self.loops = []
        with self.add_children_as_readables():
            self.image = soft_signal_rw(np.ndarray, np.zeros(SHAPE))
        super().__init__(name=name)

    @AsyncStatus.wrap
    async def stage(self):
        await asyncio.sleep(0)

    @AsyncStatus.wrap
    async def unstage(self):
        await asyncio.sleep(0)

    @AsyncStatus.wrap
    async def trigger(self):
        self.loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails
        await self.image.set(self.frame)


@pytest.fixture(scope="module")
def engine():
    loop = asyncio.new_event_loop()
    engine = RunEngine(context_managers=[], loop=loop)
    yield engine
    loop.call_soon_threadsafe(loop.stop)
    engine._th.join()
    loop.close()


@pytest.fixture
def documents(engine):
    found = []
    token = engine.subscribe(lambda name, doc: found.append((name, doc)))
    yield found
    engine.unsubscribe(token)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    left = [thread for thread in threading.enumerate() if thread.name.startswith("autoexp-reduce")]
    assert not left


@pytest.fixture(params=["classic", "async"])
def make(request, engine):
    async def connected(camera):
        await camera.connect()
        return camera

    def build(**kwargs):
        if request.param == "classic":
            return Camera(name="cam", **kwargs)
        future = asyncio.run_coroutine_threadsafe(connected(AsyncCamera("cam", **kwargs)), engine.loop)
        return future.result(5)

    return build


def events(documents):
    return [doc for name, doc in documents if name == "event"]


def test_is_what_bluesky_wants():
    detector = ReducedDetector(Camera(name="cam"), BeamStatistics())
    assert isinstance(detector, Readable)
    assert isinstance(detector, Triggerable)
    assert isinstance(detector, Stageable)


def test_reduced_values_stand_in_the_event(make, engine, documents):
    detector = ReducedDetector(make(), BeamStatistics(pixel_size=2.0, unit="um"), name="spot")
    engine(bp.count([detector], num=2))
    first = events(documents)[0]["data"]
    assert first["spot_centroid_x"] == pytest.approx(44.0, abs=0.02)
    assert first["spot_centroid_y"] == pytest.approx(36.0, abs=0.02)
    assert first["spot_width_x"] == pytest.approx(16.0, rel=0.01)
    assert first["spot_sum_sigma"] > 0
    assert first["spot_flags"] == 0
    assert not any(key.startswith("cam") for key in first)
    assert len(events(documents)) == 2


def test_documents_are_valid_and_complete(make, engine, documents):
    detector = ReducedDetector(make(), BeamStatistics(unit="mm", pixel_size=0.01), name="spot", raw=True)
    engine(bp.count([detector]))
    for name, doc in documents:
        schema_validators[DocumentNames[name]].validate(doc)
    descriptor = next(doc for name, doc in documents if name == "descriptor")
    keys = descriptor["data_keys"]
    assert set(keys) == set(events(documents)[0]["data"])
    assert "cam_image" in keys or "cam-image" in keys
    assert keys["spot_width_x"]["units"] == keys["spot_width_x_sigma"]["units"] == "mm"
    assert keys["spot_sum"]["units"] == "count"
    assert keys["spot_sum"]["dtype_numpy"] == "<f8"
    assert "spot_size" in descriptor["hints"]["spot"]["fields"]
    assert not any(field.endswith("_sigma") for field in descriptor["hints"]["spot"]["fields"])


def test_settings_are_recorded(make, engine, documents):
    detector = ReducedDetector(make(), chain(Monitor(3.0), BeamStatistics(threshold=8.0)), frames=2, name="spot")
    engine(bp.count([detector]))
    configuration = next(doc for name, doc in documents if name == "descriptor")["configuration"]["spot"]["data"]
    assert configuration["spot_reducer"] == "Chain"
    assert json.loads(configuration["spot_settings"])["1:BeamStatistics"]["threshold"] == 8.0
    assert configuration["spot_frames"] == 2


def test_several_exposures_make_one_reading(make, engine, documents):
    one, many = (
        ReducedDetector(make(), BeamStatistics(), name=name, frames=frames)
        for name, frames in (("one", 1), ("many", 9))
    )
    engine(bp.count([one, many]))
    data = events(documents)[0]["data"]
    assert data["many_sum"] == pytest.approx(data["one_sum"])
    assert data["many_sum_sigma"] == pytest.approx(data["one_sum_sigma"] / 3, rel=0.02)


def test_a_running_reading_is_of_all_frames_since_it_was_staged(engine, documents):
    det = ReducedDetector(Camera(name="cam"), BeamStatistics(), running=True)
    for _ in range(2):
        engine(bp.count([det], num=3))
    sigmas = [event["data"]["cam_sum_sigma"] for event in events(documents)]
    assert sigmas == pytest.approx([sigmas[0] / np.sqrt(n) for n in (1, 2, 3)] * 2, rel=0.02)


def test_a_failing_detector_fails_the_status(make, engine):
    detector = ReducedDetector(make(fails=ValueError("no beam time left")), BeamStatistics())
    with pytest.raises(FailedStatus) as caught:
        engine(bp.count([detector]))
    assert isinstance(caught.value.__cause__, ValueError)
    assert "no beam time left" in str(caught.value.__cause__)


def test_a_failing_reduction_fails_the_status(make, engine):
    def broken():
        raise ZeroDivisionError("monitor is off")

    detector = ReducedDetector(make(), BeamStatistics(), meta=broken)
    with pytest.raises(FailedStatus) as caught:
        engine(bp.count([detector]))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_detector_that_raises_at_once_fails_the_status():
    camera = Camera(name="cam")
    camera.trigger = lambda: (_ for _ in ()).throw(RuntimeError("not connected"))
    status = ReducedDetector(camera, BeamStatistics()).trigger()
    assert status.done
    assert not status.success
    with pytest.raises(RuntimeError, match="not connected"):
        status.wait()


def test_reduction_is_off_the_engines_thread(make, engine):
    threads = []

    def note():
        threads.append(threading.current_thread().name)
        return FrameMeta()

    engine(bp.count([ReducedDetector(make(), BeamStatistics(), meta=note, frames=3)]))
    assert len(threads) == 3
    assert all(name.startswith("autoexp-reduce") for name in threads)


def test_an_async_detector_is_always_triggered_on_its_loop(engine):
    async def build():
        camera = AsyncCamera("cam")
        await camera.connect()
        return camera

    camera = asyncio.run_coroutine_threadsafe(build(), engine.loop).result(5)
    engine(bp.count([ReducedDetector(camera, BeamStatistics(), frames=4)]))
    assert camera.loops == [engine.loop] * 4


def test_without_a_beam_the_widths_are_nan_and_flagged(make, engine, documents):
    dark = np.random.default_rng(2).poisson(1.0, SHAPE)
    engine(bp.count([ReducedDetector(make(frame=dark), BeamStatistics(), name="spot")]))
    data = events(documents)[0]["data"]
    assert np.isnan(data["spot_size"])
    assert data["spot_flags"] == Flags.NO_SIGNAL
    assert np.isfinite(data["spot_sum"])


def test_pause_and_resume_measure_again(make, engine, documents):
    camera = make()
    detector = ReducedDetector(camera, BeamStatistics(), name="spot")
    pauses = []

    @stage_decorator([detector])
    def plan():
        yield from bps.open_run()
        yield from bps.checkpoint()
        yield from bps.trigger(detector, group="shot")
        if not pauses:
            pauses.append(True)
            yield from bps.pause()
        yield from bps.wait("shot")
        yield from bps.create()
        yield from bps.read(detector)
        yield from bps.save()
        yield from bps.close_run()

    from bluesky.utils import RunEngineInterrupted

    with pytest.raises(RunEngineInterrupted):
        engine(plan())
    engine.resume()
    assert len(events(documents)) == 1
    assert events(documents)[0]["data"]["spot_centroid_x"] == pytest.approx(22.0, abs=0.02)
    exposures = camera.exposures if isinstance(camera, Camera) else len(camera.loops)
    assert exposures == 2


class Stuck(Camera):
    """Never finishes its first exposure."""

    def trigger(self):
        if self.exposures:
            return super().trigger()
        self.exposures += 1
        self.first = OphydStatus(self)
        return self.first


def test_a_trigger_that_is_superseded_says_nothing_later():
    camera = Stuck(name="cam")
    detector = ReducedDetector(camera, BeamStatistics())
    first = detector.trigger()
    assert not first.done
    second = detector.trigger()
    second.wait(10)
    assert first.done
    reading = detector.read()
    camera.frame = spot(x=10.0)
    camera.first.set_finished()
    camera.first.wait(5)
    assert detector.read() == reading
    detector.close()


def test_unstaging_ends_a_trigger_under_way():
    detector = ReducedDetector(Stuck(name="cam"), BeamStatistics())
    status = detector.trigger()
    detector.unstage()
    assert status.done
    assert np.isnan(detector.read()["cam_sum"]["value"])
    detector.detector.first.set_finished()


def test_old_values_are_not_read_after_a_failure():
    camera = Camera(name="cam")
    detector = ReducedDetector(camera, BeamStatistics())
    detector.trigger().wait(10)
    assert np.isfinite(detector.read()["cam_sum"]["value"])
    camera.fails = OSError("cable")
    with pytest.raises(OSError, match="cable"):
        detector.trigger().wait(10)
    assert np.isnan(detector.read()["cam_sum"]["value"])
    assert detector.read()["cam_flags"]["value"] == Flags.NO_FRAMES
    detector.close()


def test_a_simulated_plan_needs_no_frames(capsys):
    summarize_plan(bp.count([ReducedDetector(Camera(name="cam"), BeamStatistics())], num=2))
    assert "Read ['cam']" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["I", "det", "sum", "gamma", "a b"])
def test_any_name_will_do(name, engine, documents):
    engine(bp.count([ReducedDetector(Camera(name="cam"), BeamStatistics(), name=name)]))
    assert f"{name}_size" in events(documents)[0]["data"]


def test_frames_may_come_from_elsewhere():
    camera = Camera(name="cam")
    other = Signal(name="other", value=spot(x=11.0))
    for frame in (other, "other", lambda: spot(x=11.0)):
        camera.other = other
        detector = ReducedDetector(camera, BeamStatistics(), frame=frame)
        detector.trigger().wait(10)
        assert detector.read()["cam_centroid_x"]["value"] == pytest.approx(11.0, abs=0.05)
        detector.close()


def test_what_gives_no_frames_is_refused():
    with pytest.raises(ReductionError, match="got no 'picture' in 'cam'"):
        ReducedDetector(Camera(name="cam"), BeamStatistics(), frame="picture")
    with pytest.raises(ReductionError, match="frame must be a signal"):
        ReducedDetector(Camera(name="cam"), BeamStatistics(), frame=3)
    with pytest.raises(ReductionError, match="frames must be one or more, got 0"):
        ReducedDetector(Camera(name="cam"), BeamStatistics(), frames=0)
    detector = ReducedDetector(Camera(name="cam"), BeamStatistics(), frame=lambda: "picture")
    with pytest.raises(ReductionError, match="real numbers"):
        detector.trigger().wait(10)
    detector.close()


def test_an_async_frame_without_an_engine_is_refused():
    async def frame():
        return spot()

    detector = ReducedDetector(Camera(name="cam"), BeamStatistics(), frame=frame)
    with pytest.raises(MeasurementError, match="needs a RunEngine"):
        detector.trigger().wait(10)
    detector.close()


@pytest.mark.parametrize("dtype", [">u2", "<u2", "u4", "i8", "f4", "?", "u8"])
def test_every_frame_type_is_taken(dtype):
    frame = np.round(spot()).astype(dtype)
    frame.setflags(write=False)
    detector = ReducedDetector(Camera(name="cam"), BeamStatistics(background=0.0), frame=lambda: frame)
    detector.trigger().wait(10)
    assert np.isfinite(detector.read()["cam_sum"]["value"])
    detector.close()


def test_a_known_shape_warms_up(engine, documents):
    detector = ReducedDetector(Camera(name="cam"), BeamStatistics(), shape=SHAPE)
    engine(bp.count([detector]))
    assert np.isfinite(events(documents)[0]["data"]["cam_size"])


def correlating(detector, **settings):
    bins = LabelledBins(torch.ones(SHAPE, dtype=torch.int64))
    reducer = MultiTau(Correlator(bins, levels=2, channels=4, groups=4))
    return ReducedDetector(detector, reducer, name="speckle", device="cpu", **settings)


def test_a_stream_that_is_declared_beforehand_has_the_true_axes(engine, documents, monkeypatch):
    monkeypatch.setenv("BLUESKY_PREDECLARE", "1")
    reduced = correlating(Camera(name="cam"), meta=lambda: FrameMeta(exposure=0.25), frames=3)
    before = reduced.read_configuration()["speckle_g2_tau"]["value"]
    engine(bp.count([reduced]))
    (descriptor,) = (doc for name, doc in documents if name == "descriptor")
    declared = descriptor["configuration"]["speckle"]["data"]["speckle_g2_tau"]
    after = reduced.read_configuration()["speckle_g2_tau"]["value"]
    np.testing.assert_array_equal(declared, before)
    np.testing.assert_array_equal(after, before)
    assert after[1] == 0.25


@pytest.mark.parametrize(
    ("detector", "settings", "shape"),
    [
        (Camera(name="cam"), {}, SHAPE),
        (Camera(name="cam"), {"frame": "image"}, SHAPE),
        (Camera(name="cam"), {"frame": Signal(name="spectrum", value=np.zeros(7))}, (1, 7)),
        (Camera(name="cam"), {"frame": Signal(name="number", value=1.0)}, None),
        (Camera(name="cam"), {"frame": np.zeros}, None),
        (AsyncCamera(), {}, None),
    ],
)
def test_a_classic_signal_tells_the_shape_of_frames(detector, settings, shape):
    assert frame_shape(detector, **settings) == shape


def test_a_signal_that_is_not_connected_tells_no_shape():
    class Distant(Signal):
        def describe(self):
            raise TimeoutError(self.name)

    assert frame_shape(Camera(name="cam"), Distant(name="distant")) is None


def test_status_is_a_bluesky_status():
    detector = ReducedDetector(Camera(name="cam"), BeamStatistics())
    status = detector.trigger()
    assert isinstance(status, Status)
    called = []
    status.wait(10)
    status.add_callback(called.append)
    assert called == [status]
    assert status.exception() is None
    detector.close()
