from hypothesis import given
from hypothesis import strategies as st

from domain.limit import Bound
from present.scale import scale_of
from support.configured import registry

SO2 = registry().parameters["so2"]


def test_only_gases_of_a_stack_have_another_unit() -> None:
    """Ambient air is judged in µg/m³, a stack in mg/m³; dust of a stack is stored in mg/m³ already."""
    assert scale_of(SO2, "air").parameter is SO2
    assert scale_of(SO2, "stack").parameter.unit == "mg/m3"
    assert scale_of(SO2, "stack").value(450_000.0) == 450.0
    assert scale_of(SO2.model_copy(update={"unit": "mg/m3"}), "stack").value(60.7) == 60.7


@given(limit=st.floats(1, 1e7), level=st.floats(0, 1e7))
def test_a_level_stands_to_its_limit_as_it_did(limit: float, level: float) -> None:
    """What is within stays within; what is over by less than a millionth of a percent may look equal."""
    scale = scale_of(SO2, "stack")
    shown = scale.bound(Bound(None, limit)).is_exceeded(scale.value(level) or 0.0)
    assert not shown or level > limit
    assert shown or level <= limit * (1 + 1e-12)
