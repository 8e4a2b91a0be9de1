"""The station: films come in over the web, DICOM or a folder; results go back to where they were asked for."""
