"""Judges an XML file by an XML Schema: xml_schema.py SCHEMA FILE."""
import sys

from lxml import etree

schema = etree.XMLSchema(etree.parse(sys.argv[1]))
schema.assertValid(etree.parse(sys.argv[2]))
