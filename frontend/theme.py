"""Colours and type of the page, light and dark, as Streamlit's theme options. All fonts come with Streamlit."""

from typing import Final

_SHARED: Final = {
    "font": "sans-serif",
    "headingFont": "serif",
    "baseFontSize": "16",
    "baseRadius": "10px",
    "headingFontWeights": "600",
    "linkUnderline": "true",
    "showSidebarBorder": "false",
}
_LIGHT: Final = {
    "primaryColor": "#1f5f5b",
    "backgroundColor": "#fcfbf9",
    "secondaryBackgroundColor": "#f3f1ec",
    "textColor": "#22262a",
    "linkColor": "#1f5f5b",
    "borderColor": "#dedad2",
}
_LIGHT_SIDEBAR: Final = {"backgroundColor": "#f4f2ed", "secondaryBackgroundColor": "#e9e6df"}
_DARK: Final = {
    "primaryColor": "#2f7d76",
    "backgroundColor": "#15181a",
    "secondaryBackgroundColor": "#1f2326",
    "textColor": "#e7e4de",
    "linkColor": "#84c5bd",
    "borderColor": "#34393d",
}
_DARK_SIDEBAR: Final = {"backgroundColor": "#1a1d20", "secondaryBackgroundColor": "#262b2e"}


def options() -> dict[str, str]:
    """Streamlit's options by name, such as `theme.light.primaryColor`."""
    sections = {
        "theme": _SHARED,
        "theme.light": _LIGHT,
        "theme.light.sidebar": _LIGHT_SIDEBAR,
        "theme.dark": _DARK,
        "theme.dark.sidebar": _DARK_SIDEBAR,
    }
    return {f"{section}.{name}": value for section, values in sections.items() for name, value in values.items()}
