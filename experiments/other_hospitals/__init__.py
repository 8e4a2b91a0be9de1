"""The released bundle on radiographs of other hospitals, source by source."""
