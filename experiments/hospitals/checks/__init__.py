"""What a finished bundle does: viral against bacterial, black bars, 8-bit integers, films with other diseases."""
