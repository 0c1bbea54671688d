"""How much oxygen water can hold.

Source: B. B. Benson and D. Krause, 1984, Limnology and Oceanography 29(3), 620-632, in mg/L at 101.325 kPa, as in
Standard Methods 4500-O and the USGS tables (DOTABLES). Temperature in °C, salinity on the practical scale.
"""

import numpy as np

from quality.trace import Values

_KELVIN = 273.15


def saturation(temperature: Values, salinity: Values) -> Values:
    """Return dissolved oxygen at saturation with moist air, in mg/L."""
    kelvin = temperature + _KELVIN
    fresh = (
        -139.34411 + 1.575701e5 / kelvin - 6.642308e7 / kelvin**2 + 1.243800e10 / kelvin**3 - 8.621949e11 / kelvin**4
    )
    salt = salinity * (1.7674e-2 - 1.0754e1 / kelvin + 2.1407e3 / kelvin**2)
    found: Values = np.exp(fresh - salt)
    return found
