import matplotlib.image
import numpy as np
import pytest

from autoexp import Dof, Maximize, Minimize, Observation, Space, Target
from autoexp.campaign import Campaign
from autoexp.view.picture import campaign_figure, draw_campaign
from autoexp_agents import BayesianAgent

SPACES = {
    "line": Space([Dof("x", 0, 1, unit="mm")]),
    "plane": Space([Dof("x", 0, 1, unit="mm"), Dof("y", 0, 1, unit="eV")]),
    "choices": Space([Dof("x", 0, 1, unit="mm"), Dof("filter", choices=("open", "thin", "thick"))]),
}


def measured(space, objective, failed=()):
    campaign = Campaign(BayesianAgent(space, objective, initial=4), think="inline", on_failure="skip")
    campaign.units = {**campaign.units, "flux": "1/s"}
    for number in range(8):
        (suggestion,) = campaign.suggest()
        value = np.nan if number in failed else 1.0 + (float(suggestion.point["x"]) - 0.3) ** 2
        campaign.ingest([Observation(suggestion.point, {"flux": value}, {"flux": 0.1}, suggestion.id)])
    return campaign


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize("objective", [Maximize("flux"), Minimize("flux"), Target("flux", 1.1)], ids=repr)
def test_five_panels_with_units(space, objective):
    figure = campaign_figure(measured(space, objective), per_dof=8)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [
        "what was measured",
        "where it went",
        "what the surrogate believes",
        "how sure it is",
        "where it would go next",
    ]
    assert figure.axes[0].get_ylabel() == "flux (1/s)"
    assert figure.axes[2].get_xlabel() == "x (mm)"


def test_failed_points_are_marked():
    figure = campaign_figure(measured(SPACES["plane"], Maximize("flux"), failed={2, 5}), per_dof=8)
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts.count("failed or suspect") == 1


def test_the_file_is_a_picture(tmp_path):
    path = tmp_path / "new" / "picture.png"
    draw_campaign(measured(SPACES["plane"], Minimize("flux")), path)
    assert matplotlib.image.imread(path).std() > 0.01
