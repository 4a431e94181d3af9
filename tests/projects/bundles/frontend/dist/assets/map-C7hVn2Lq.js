import{p as o}from"./place-D4kW0zPe.js";function r(t){t.className="map",t.textContent=`${o.name}: ${o.at.join(", ")}`}export{r as draw};
